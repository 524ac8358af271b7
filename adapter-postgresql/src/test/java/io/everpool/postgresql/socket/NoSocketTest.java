package io.everpool.postgresql.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.Verdict;
import io.everpool.postgresql.Sessions;
import io.everpool.postgresql.failure.ConnectFailure;
import io.everpool.postgresql.failure.HostFailure;
import io.everpool.postgresql.failure.SeveralHosts;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import java.io.IOException;
import java.net.SocketException;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The driver goes from host to host, and the process has no file left for some of the sockets. */
@Timeout(300)
class NoSocketTest {
  private int made;

  /** The sockets of these numbers can't be made. */
  private LookableSocket open(String without) throws IOException {
    if (without.indexOf('0' + made++) >= 0) {
      throw new SocketException("Too many open files");
    }
    return LookableSocket.open(KeepAlive.DEFAULT);
  }

  /** What is told of two or three hosts: {@code away} refuses connects, {@code full} logins. */
  @ParameterizedTest
  @CsvSource({
    // hosts, sockets that aren't made, whose failure counts, its verdict, what others have said
    "'away,full', 1, full, PROCESS_LIMIT, 'away: Connection refused'",
    "'full,away', 1, full, OUT_OF_SLOTS, 'away: Too many open files'",
    "'away,full', 0, full, OUT_OF_SLOTS, 'away: Too many open files'",
    "'full,away', 0, away, SERVER_DOWN, 'full: Too many open files'",
    "'away,full', 01, 'away,full', PROCESS_LIMIT, ''",
    "'away,full,third', 12, 'full,third', PROCESS_LIMIT, 'away: Connection refused'",
    "'full,away,third', 2, full, OUT_OF_SLOTS, 'away: Connection refused; third: Too many open files'",
    "'full,away,third', 1, full, OUT_OF_SLOTS, 'away: Too many open files; third: Connection refused'"
  })
  void thatIsToldAsTheFailureOfNoHostBefore(
      String hosts, String without, String whose, Verdict verdict, String others)
      throws SQLException {
    PostgresServer server = Sessions.server();
    server.execute("alter role app connection limit 0");
    try (FaultProxy away = FaultProxy.before(server);
        FaultProxy third = FaultProxy.before(server);
        FaultProxy full = FaultProxy.before(server)) {
      away.refuse();
      third.refuse();
      List<String> names = List.of("away", "full", "third");
      List<FaultProxy> proxies = List.of(away, full, third);
      String authority = hosts;
      for (int i = 0; i < names.size(); i++) {
        authority =
            authority.replace(names.get(i), proxies.get(i).host() + ":" + proxies.get(i).port());
      }
      try (Opening opening =
          Opening.begin(Sessions.TIMEOUT, List.of(authority.split(",")), () -> open(without))) {
        String url =
            "jdbc:postgresql://%s/%s?user=%s&password=%s&sslmode=disable&gssEncMode=disable&hostRecheckSeconds=0&socketFactory=%s&socketFactoryArg=%s"
                .formatted(
                    authority,
                    server.database(),
                    server.user(),
                    server.password(),
                    LookableSocketFactory.class.getName(),
                    opening.token());
        SQLException thrown =
            catchThrowableOfType(
                SQLException.class, () -> DriverManager.getConnection(url).close());
        HostFailure counts = SeveralHosts.of(thrown, opening.ends(), SeveralHosts.Kind.ANY);
        SQLException told = ConnectFailure.of(counts.failure(), "it");
        String message = told.getMessage();
        String named = counts.host();
        for (int i = 0; i < names.size(); i++) {
          String at = proxies.get(i).host() + ":" + proxies.get(i).port();
          message = message.replace(at, names.get(i));
          named = named.replace(at, names.get(i));
        }
        assertThat(named).isEqualTo(whose);
        assertThat(((ConnectFailure) told).verdict()).as(message).isEqualTo(verdict);
        assertThat(message.replaceFirst(".* Other hosts: |.*", ""))
            .isEqualTo(others.isEmpty() ? "" : others + ".");
      }
    } finally {
      server.execute("alter role app connection limit -1");
    }
  }
}
