package guice;

import com.typesafe.config.Config;
import io.everpool.jndi.EverpoolObjectFactory;
import java.sql.Connection;
import javax.naming.Reference;
import javax.naming.StringRefAddr;
import javax.naming.spi.NamingManager;
import javax.sql.DataSource;

/** The same as a container does it, which knows the factory and the way to close by name only. */
final class ByJndi {
  private ByJndi() {}

  /** Throws if the pool doesn't work, or can't be closed as Tomcat closes a resource. */
  static void requirePool(Config settings) throws Exception {
    requirePool(reference(settings));
    Reference replicated = reference(settings);
    replicated.add(new StringRefAddr("readers", settings.getString("everpool.url")));
    requirePool(replicated);
  }

  private static Reference reference(Config settings) {
    Reference reference =
        new Reference(DataSource.class.getName(), EverpoolObjectFactory.class.getName(), null);
    for (String key : new String[] {"url", "user", "password"}) {
      reference.add(new StringRefAddr(key, settings.getString("everpool." + key)));
    }
    return reference;
  }

  private static void requirePool(Reference reference) throws Exception {
    DataSource pool = (DataSource) NamingManager.getObjectInstance(reference, null, null, null);
    try (Connection connection = pool.getConnection()) {
      if (!connection.isValid(0)) {
        throw new IllegalStateException("no connection");
      }
    }
    pool.getClass().getMethod("close").invoke(pool);
  }
}
