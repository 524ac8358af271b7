package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A driver that came with an application, after DriverManager had looked for drivers. */
class UnseenDriversTest {

  /** Doesn't register itself. */
  public static final class Late extends PlainDriver {
    @Override
    public @Nullable Connection connect(String url, Properties info) throws SQLException {
      if (!acceptsURL(url)) {
        return null;
      }
      if (url.contains("nothing")) {
        return null;
      }
      assertThat(info).containsEntry("user", "u").containsEntry("password", "hunter2");
      JdbcDataSource h2 = new JdbcDataSource();
      h2.setURL("jdbc:h2:mem:late");
      return h2.getConnection();
    }

    @Override
    public boolean acceptsURL(String url) {
      return url.startsWith("jdbc:late:");
    }
  }

  /** Fails at a URL that isn't its own, which DriverManager doesn't expect of anybody. */
  public static final class Failing extends PlainDriver {
    @Override
    public @Nullable Connection connect(String url, Properties info) {
      throw new IllegalStateException("no URL of mine");
    }

    @Override
    public boolean acceptsURL(String url) {
      if (url.startsWith("jdbc:late:")) {
        throw new IllegalStateException("no URL of mine");
      }
      return false;
    }
  }

  private static PoolConfig config(String url) {
    return PoolConfig.builder(url).user("u").password("hunter2").build();
  }

  @Test
  void one_that_only_the_applications_class_loader_sees_is_found(@TempDir Path directory)
      throws Exception {
    assertThat(DriverManager.drivers()).isNotNull(); // it has looked by now
    assertThatThrownBy(() -> Everpool.open(config("jdbc:late:x")))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("no JDBC driver on the class path accepts");
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader application = application(directory, before)) {
      thread.setContextClassLoader(application);
      try (Pool pool = Everpool.open(config("jdbc:late:x"));
          Connection connection = pool.getConnection()) {
        assertThat(connection.isValid(1)).isTrue();
      }
      PlainConnector connector = PlainConnector.ofUrl(config("jdbc:late:nothing"));
      assertThatThrownBy(() -> connector.open(1_000_000_000L))
          .isInstanceOf(SQLException.class)
          .hasMessage("No connection was returned by the driver of jdbc:late:");
      assertThatThrownBy(() -> Everpool.open(config("jdbc:later:x")))
          .isInstanceOf(InvalidPoolConfigException.class);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Registered as well, where DriverManager asks it and goes no further. */
  @Test
  void one_that_fails_keeps_nobody_from_his_own(@TempDir Path directory) throws Exception {
    Driver failing = new Failing();
    DriverManager.registerDriver(failing);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader application = application(directory, before)) {
      thread.setContextClassLoader(application);
      try (Pool pool = Everpool.open(config("jdbc:late:x"));
          Connection connection = pool.getConnection()) {
        assertThat(connection.isValid(1)).isTrue();
      }
    } finally {
      thread.setContextClassLoader(before);
      DriverManager.deregisterDriver(failing);
    }
  }

  /** Beside the driver it lists one that can't be loaded, and one that fails. */
  private static URLClassLoader application(Path directory, ClassLoader parent) throws IOException {
    Path services = Files.createDirectories(directory.resolve("META-INF/services"));
    Files.writeString(
        services.resolve("java.sql.Driver"),
        String.join("\n", "no.such.Driver", Failing.class.getName(), Late.class.getName()));
    return new URLClassLoader(new URL[] {directory.toUri().toURL()}, parent);
  }
}
