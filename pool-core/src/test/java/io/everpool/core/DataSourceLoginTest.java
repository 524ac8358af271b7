package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CredentialsProvider;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.core.plain.PlainConnector;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a DataSource is told of the configuration beside it, and what it can't be told. */
class DataSourceLoginTest {
  private static final String URL = "jdbc:h2:mem:data-source-login;DB_CLOSE_DELAY=-1";
  private static final String SECRET = "hunter2-and-secret";

  private static JdbcDataSource h2() throws SQLException {
    DriverManager.getConnection(URL, "owner", SECRET).close(); // the first one makes the role
    JdbcDataSource source = new JdbcDataSource();
    source.setURL(URL);
    return source;
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("jdbc:any:thing")
        .minSize(0)
        .user("owner")
        .acquireTimeout(Duration.ofMinutes(5));
  }

  private static void opens(PoolConfig config, DataSource source) throws SQLException {
    try (Pool pool = Everpool.builder(config).dataSource(source).open();
        Connection connection = pool.getConnection()) {
      assertThat(connection.getMetaData().getUserName()).isEqualTo("OWNER");
    }
  }

  @Test
  void it_is_given_user_and_password_of_the_configuration(@TempDir Path directory)
      throws Exception {
    opens(config().password(SECRET).build(), h2());
    Path file = Files.writeString(directory.resolve("password"), SECRET);
    opens(config().passwordFile(file.toString()).build(), h2());
    assertThatThrownBy(() -> opens(config().password("another-one").build(), h2()))
        .hasMessageContaining("Wrong user name or password");
  }

  @Test
  void a_password_without_a_user_is_told_at_once() {
    assertThatThrownBy(() -> opens(config().user(null).password(SECRET).build(), h2()))
        .hasMessageContaining("takes a password only with a user")
        .hasMessageNotContaining(SECRET);
  }

  /** HikariDataSource throws the first, and BasicDataSource the second. */
  @Test
  void one_that_takes_none_is_told_at_once() {
    for (Exception refusal :
        new Exception[] {
          new SQLFeatureNotSupportedException(), new UnsupportedOperationException("no")
        }) {
      DataSource refusing =
          (DataSource)
              Proxy.newProxyInstance(
                  DataSource.class.getClassLoader(),
                  new Class<?>[] {DataSource.class},
                  (proxy, method, arguments) -> {
                    throw refusal;
                  });
      assertThatThrownBy(() -> opens(config().password(SECRET).build(), refusing))
          .hasMessageContaining("takes no user and password")
          .hasMessageNotContaining(SECRET);
      CredentialsProvider provider = CredentialsProvider.environment("PATH");
      assertThatThrownBy(
              () ->
                  Everpool.builder(config().build())
                      .dataSource(refusing)
                      .credentials(provider)
                      .open())
          .hasMessageContaining("takes no user and password");
    }
  }

  @Test
  void what_comes_to_nothing_is_told() throws SQLException {
    PoolConfig.Builder config =
        config().properties(Map.of("sslmode", "require", "sslpassword", SECRET));
    assertThat(PlainConnector.of(h2(), config.build(), false).notes())
        .satisfiesExactly(
            note -> assertThat(note).startsWith("user is not used"),
            note ->
                assertThat(note)
                    .startsWith("properties are not used (sslmode, sslpassword)")
                    .doesNotContain(SECRET));
    assertThat(PlainConnector.of(h2(), config().build(), true).notes()).isEmpty();
    assertThat(PlainConnector.of(h2(), config().password(SECRET).build(), false).notes()).isEmpty();
  }

  /** Of a URL as well. */
  @Test
  void what_an_adapter_alone_does_is_told_where_it_was_set() throws SQLException {
    PoolConfig said =
        PoolConfig.builder(URL)
            .reset(ResetMode.DISCARD_ALL)
            .commandTimeout(Duration.ofSeconds(5))
            .build();
    for (PlainConnector connector :
        List.of(PlainConnector.of(h2(), said, false), PlainConnector.ofUrl(said))) {
      assertThat(connector.notes())
          .satisfiesExactly(
              note -> assertThat(note).startsWith("reset = discard-all does nothing with the "),
              note -> assertThat(note).startsWith("command-timeout bounds no statement with the"));
    }
    PoolConfig none =
        PoolConfig.builder(URL).reset(ResetMode.NONE).commandTimeout(Duration.ZERO).build();
    for (PoolConfig quiet : List.of(PoolConfig.builder(URL).build(), none)) {
      assertThat(PlainConnector.of(h2(), quiet, false).notes()).isEmpty();
      assertThat(PlainConnector.ofUrl(quiet).notes()).isEmpty();
    }
  }
}
