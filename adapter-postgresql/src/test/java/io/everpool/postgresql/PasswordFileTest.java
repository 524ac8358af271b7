package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.connector;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Credentials;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A password file with a line for each host, as libpq reads it, and a URL of two. */
@Tag("contract")
@Timeout(120)
class PasswordFileTest {
  private static final String PLACE = "org.postgresql.pgpassfile";

  private static PostgresServer server;

  private Path folder;
  private FaultProxy one;
  private FaultProxy other;

  @BeforeAll
  static void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void openProxies(@TempDir Path emptied) {
    folder = emptied;
    one = FaultProxy.before(server);
    other = FaultProxy.before(server);
  }

  @AfterEach
  void closeProxies() {
    System.clearProperty(PLACE);
    one.close();
    other.close();
  }

  private void write(String... lines) throws IOException {
    Path file = Files.write(folder.resolve("pgpass"), List.of(lines));
    System.setProperty(PLACE, file.toString());
  }

  private static String line(FaultProxy host, String password) {
    return "%s:%d:*:%s:%s".formatted(host.host(), host.port(), server.user(), password);
  }

  private static String line(FaultProxy host) {
    return line(host, escaped(server.password()));
  }

  private static String escaped(String password) {
    return password.replace("\\", "\\\\").replace(":", "\\:");
  }

  private String url(String parameters) {
    return "jdbc:postgresql://%s:%d,%s:%d/%s%s"
        .formatted(
            one.host(), one.port(), other.host(), other.port(), server.database(), parameters);
  }

  private Connector ofBoth(String parameters) {
    return connector(url(parameters), c -> c.user(server.user()));
  }

  private static void opens(Connector connector) throws SQLException {
    try (connector) {
      PhysicalConnection connection = connector.open(TIMEOUT);
      assertThat(ask(connection, "select 1")).isEqualTo("1");
      connection.close();
    }
  }

  private static void isRefused(Connector connector) {
    try (connector) {
      assertThatThrownBy(() -> connector.open(TIMEOUT))
          .hasMessageContaining("no password was provided")
          .hasMessageContaining("a password file (PGPASSFILE) counts where it has the same")
          .satisfies(e -> assertThat(connector.classify(e)).isEqualTo(Verdict.ACCESS_DENIED));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "?targetServerType=primary", "?loadBalanceHosts=true"})
  void the_same_for_each_host_is_that_of_all(String parameters) throws Exception {
    write("elsewhere:5432:*:*:x", line(other), line(one));
    opens(ofBoth(parameters));
  }

  @Test
  void it_is_the_second_hosts_where_the_first_is_down() throws Exception {
    write(line(one), line(other));
    one.refuse();
    opens(ofBoth(""));
  }

  /** A host without a line isn't shown another's. */
  @Test
  void one_hosts_is_not_that_of_all() throws Exception {
    write(line(one));
    isRefused(ofBoth(""));
  }

  @Test
  void two_are_none() throws Exception {
    write(line(one), line(other, "an0ther"));
    isRefused(ofBoth(""));
  }

  @Test
  void one_for_any_host_counts_as_ever() throws Exception {
    write("*:*:*:*:" + escaped(server.password()));
    opens(ofBoth(""));
  }

  @Test
  void what_is_said_elsewhere_comes_first() throws Exception {
    write(line(one, "an0ther"), line(other, "an0ther"));
    opens(connector(url(""), c -> c.user(server.user()).password(server.password())));
    try (Connector connector = ofBoth("")) {
      connector.open(Credentials.of(server.password()), TIMEOUT).close();
    }
  }
}
