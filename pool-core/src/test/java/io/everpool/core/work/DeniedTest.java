package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A statement of a unit is denied a privilege in the words of a refused login, as by MySQL. */
class DeniedTest extends RunnerFixture {
  private final SQLException denied = new SQLException("Access denied", "28000", 1045);

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void itCostsTheUnitNoConnection(boolean doesWithout) throws SQLException {
    FakeLeaseManager plain = FakeLeaseManager.plain(driver);
    Throwable thrown;
    try (PooledConnection face = plain.acquire()) {
      thrown =
          catchThrowable(
              () ->
                  runner(plain)
                      .inTransaction(
                          face,
                          WorkOptions.DEFAULT,
                          0,
                          UnitWatch.NONE,
                          connection -> {
                            runs++;
                            driver.failNext("execute", denied);
                            try {
                              execute(connection, "select 1 into outfile 'x'");
                            } catch (SQLException e) {
                              if (!doesWithout) {
                                throw e;
                              }
                            }
                            execute(connection, "insert a");
                            return "";
                          }));
      assertThat(face.isClosed()).isFalse();
    }
    assertThat(thrown).isSameAs(doesWithout ? null : denied);
    assertThat(runs).isEqualTo(1);
    assertThat(plain.doomed).isEmpty();
    assertThat(plain.released).hasValue(1);
  }
}
