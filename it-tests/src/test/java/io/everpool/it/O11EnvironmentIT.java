package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.hocon.EverpoolConfig;
import io.everpool.servers.ChildJvm;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** O11: the database comes from the environment, {@code NEON_DB_URL}. */
@Tag("one-jdk")
class O11EnvironmentIT {

  /** An application that knows no more than that it wants a pool. */
  static final class Application {
    private Application() {}

    @SuppressWarnings("SystemOut") // its output is what the test reads
    public static void main(String[] args) throws SQLException {
      try (Pool pool = Everpool.open(EverpoolConfig.load());
          Connection connection = pool.getConnection()) {
        System.out.println(
            "ANSWER "
                + Db.ask(
                    connection,
                    "select current_user || '@' || current_database() || ' tls=' || ssl"
                        + " from pg_stat_ssl where pid = pg_backend_pid()"));
      }
    }
  }

  private static String answer(String url) throws Exception {
    return ChildJvm.run(Map.of("NEON_DB_URL", url), Application.class);
  }

  /** The very form in which Neon shows it. */
  @Test
  void aLibpqUrlWithTlsAndChannelBinding() throws Exception {
    ServerSettings settings =
        ServerSettings.defaults().withPassword("p@ss:w/rd%+ \u00fc").withTls();
    try (PostgresServer server = PostgresServer.start(settings)) {
      String url = server.libpqUrl() + "?sslmode=require&channel_binding=require";
      assertThat(answer(url)).contains("ANSWER app@app tls=true");
    }
  }

  @Test
  void aPlainLibpqUrl() throws Exception {
    assertThat(answer(Db.server().libpqUrl())).contains("ANSWER app@app tls=false");
    assertThat(answer(Db.server().libpqUrl().replace("postgresql:", "postgres:")))
        .contains("ANSWER app@app tls=false");
  }

  @Test
  void aJdbcUrl() throws Exception {
    String url =
        Db.server().jdbcUrl()
            + "?user="
            + Db.server().user()
            + "&password="
            + Db.server().password();
    assertThat(answer(url)).contains("ANSWER app@app tls=false");
  }

  @Test
  void withoutItTheMessageSaysWhatToSet() throws Exception {
    String output = ChildJvm.run(Map.of(), Application.class);
    assertThat(output).doesNotContain("ANSWER").contains("url").contains("NEON_DB_URL");
  }
}
