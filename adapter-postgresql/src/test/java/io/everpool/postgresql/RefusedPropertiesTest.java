package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What pgjdbc itself can't take is told as its refusal: the server was never asked. */
class RefusedPropertiesTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "requireAuth",
        "prepareThreshold",
        "defaultRowFetchSize",
        "unknownLength",
        "queryTimeout",
        "preparedStatementCacheQueries",
        "socketTimeout",
        "connectTimeout",
        "cancelSignalTimeout",
        "protocolVersion",
        "stringtype",
        "targetServerType",
        "assumeMinServerVersion",
        "maxResultBuffer",
        "adaptiveFetchMaximum",
        "sslfactory",
        "replication",
        "loadBalanceHosts"
      })
  void aValueThatIsNoneIsNeverTheServersRefusal(String property) throws SQLException {
    Connector connector =
        Sessions.connector(
            Sessions.server().libpqUrl() + "?sslmode=prefer",
            builder -> builder.properties(Map.of(property, "~x")));
    Throwable failure = catchThrowable(() -> connector.open(Sessions.TIMEOUT).close());
    if (failure == null || Sessions.serverSaid(failure)) {
      return; // the driver takes it, or the server has really been asked
    }
    assertThat(failure).isInstanceOf(SQLException.class);
    assertThat(connector.classify(failure)).as(failure.getMessage()).isEqualTo(Verdict.REFUSED);
    assertThat(failure.getMessage())
        .doesNotContain("time zone")
        .doesNotContain("Check host and port");
  }
}
