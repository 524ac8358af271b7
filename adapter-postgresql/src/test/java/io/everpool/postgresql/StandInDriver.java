package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.tools.ToolProvider;

/** Makes a driver that passes every call on, by the name of one that isn't on our class path. */
final class StandInDriver {
  private static final String SOURCE =
      """
      package %s;

      import java.sql.*;
      import java.util.Properties;

      public class %s implements Driver {
        static {
          try {
            DriverManager.registerDriver(new %2$s());
          } catch (SQLException e) {
            throw new ExceptionInInitializerError(e);
          }
        }

        public boolean acceptsURL(String url) {
          return url.startsWith("jdbc:%s:");
        }

        public Connection connect(String url, Properties properties) throws SQLException {
          return acceptsURL(url)
              ? DriverManager.getConnection(url.replaceFirst("%3$s:", ""), properties)
              : null;
        }

        public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) {
          return new DriverPropertyInfo[0];
        }

        public int getMajorVersion() {
          return 1;
        }

        public int getMinorVersion() {
          return 0;
        }

        public boolean jdbcCompliant() {
          return true;
        }

        public java.util.logging.Logger getParentLogger() {
          return java.util.logging.Logger.getGlobal();
        }
      }
      """;

  private StandInDriver() {}

  /**
   * Compiles it, and names it as a service.
   *
   * @param folder a class loader's, later
   * @param name the one in URLs
   * @param type the name of its class
   */
  static void make(Path folder, String name, String type) throws IOException {
    int dot = type.lastIndexOf('.');
    String simple = type.substring(dot + 1);
    Path source = folder.resolve(simple + ".java");
    Files.writeString(source, String.format(SOURCE, type.substring(0, dot), simple, name));
    int result =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-proc:none", "-d", folder.toString(), source.toString());
    assertThat(result).isZero();
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve("java.sql.Driver"), type);
  }
}
