package io.everpool.postgresql.driver;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Reads the password file (.pgpass, PGPASSFILE) as the driver does: by the driver's own class,
 * which has another name from 42.5.1 on, and the same method.
 */
public final class PasswordFile {
  private static final List<String> READERS =
      List.of("jdbcurlresolver.PgPassParser", "util.PGPropertyPasswordParser");

  private static final @Nullable Method LOOKUP = lookup();

  private PasswordFile() {}

  private static @Nullable Method lookup() {
    for (String reader : READERS) {
      try {
        return Class.forName("org.postgresql." + reader, false, Driver.class.getClassLoader())
            .getMethod("getPassword", String.class, String.class, String.class, String.class);
      } catch (ReflectiveOperationException | LinkageError e) {
        // The class of the other name may be there, or this driver reads no password file.
      }
    }
    return null;
  }

  /**
   * The password that the file has for one host; null if it has none, or if this driver doesn't
   * say.
   */
  public static @Nullable String password(String host, int port, String database, String user) {
    try {
      Object found =
          LOOKUP == null ? null : LOOKUP.invoke(null, host, Integer.toString(port), database, user);
      return found instanceof String password && !password.isEmpty() ? password : null;
    } catch (IllegalAccessException | InvocationTargetException e) {
      return null; // the driver's own lookup comes afterwards, and tells what is wrong
    }
  }
}
