package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.LIMIT;

import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.contract.Ability;
import io.everpool.contract.ConnectorContract;
import io.everpool.contract.Database;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The contract of all drivers, on PostgreSQL, with whichever version of pgjdbc is there. */
@Tag("contract")
@Tag("driver")
class PostgresContractTest extends ConnectorContract {
  private static final String WRONG = "wr0ngS3cret";

  private static PostgresServer server;

  /** Takes connections, by its backlog, and says nothing. */
  private static ServerSocket silence;

  @BeforeAll
  static void start() throws IOException {
    silence = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    server = Sessions.tlsServer();
    server.execute("create table if not exists contract (x int)");
    server.execute("grant all on contract to " + server.user());
  }

  @AfterAll
  static void letGo() throws IOException {
    silence.close();
  }

  /** Known of a closed connection, too. */
  private static int pid(PhysicalConnection connection) {
    return Integer.parseInt(connection.toString().replaceAll("\\D", ""));
  }

  @Override
  protected Database database() {
    return new Database() {
      @Override
      public Connector connector() {
        return Sessions.connector(server.libpqUrl(), UnaryOperator.identity());
      }

      @Override
      public Connector refused() {
        return Sessions.connector(
            server.libpqUrl().replace(":" + server.password() + "@", ":" + WRONG + "@"),
            UnaryOperator.identity());
      }

      @Override
      public Connector hanging() {
        return Sessions.connector(
            server.libpqUrl("127.0.0.1", silence.getLocalPort()), UnaryOperator.identity());
      }

      @Override
      public String wrongPassword() {
        return WRONG;
      }

      @Override
      public Set<String> secrets() {
        return Set.of(server.password(), WRONG);
      }

      @Override
      public Set<Ability> abilities() {
        return EnumSet.allOf(Ability.class);
      }

      @Override
      public String setting(String value) {
        return "set work_mem = '" + value + "kB'";
      }

      @Override
      public String settingQuery() {
        return "show work_mem";
      }

      @Override
      public String endless() {
        return "select pg_sleep(600)";
      }

      @Override
      public boolean isAtWork(PhysicalConnection connection) {
        return "1"
            .equals(
                server.ask(
                    "select count(*) from pg_stat_activity where state = 'active' and pid = "
                        + pid(connection)));
      }

      @Override
      public void endSession(PhysicalConnection connection) {
        int pid = pid(connection);
        server.terminate(pid);
        Await.until(LIMIT, () -> !server.backendPids().contains(pid), "the end of the session");
      }
    };
  }
}
