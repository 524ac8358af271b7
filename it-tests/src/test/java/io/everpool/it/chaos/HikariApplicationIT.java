package io.everpool.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.servers.PgBouncer.Kind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where nothing strikes, whoever stands beside Everpool works as well as it does. */
class HikariApplicationIT {

  /** The driver is told nothing that isn't a text. */
  @Test
  void itsLimitsReachTheDriver() throws Exception {
    Arena arena = new Arena(new Crashes());
    try (arena;
        HikariApplication application = new HikariApplication(arena.door("hikari", null));
        Connection connection = application.connection()) {
      assertThat(connection.getNetworkTimeout()).isEqualTo(Limits.SILENCE.toMillis());
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @Timeout(120)
  void throughAPoolerItWorks(Kind kind) throws Exception {
    assumeTrue(kind.isAvailable(), kind.missing());
    Arena arena = new Arena(new Crashes());
    try (arena;
        HikariApplication application = new HikariApplication(arena.door("hikari", kind));
        Connection one = application.connection();
        Connection two = application.connection()) {
      one.setAutoCommit(false);
      two.setAutoCommit(false);
      for (int i = 0; i < 20; i++) { // pgjdbc prepares on the server from the fifth on
        assertThat(add(one, 1)).isEqualTo(8);
        assertThat(add(two, 2)).isEqualTo(9);
        one.commit(); // the first that is free, and so the second's next session
        two.commit();
      }
    }
  }

  private static int add(Connection connection, int summand) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("select ?::int + " + summand)) {
      statement.setInt(1, 7);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        return rows.getInt(1);
      }
    }
  }
}
