package io.everpool.jndi;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.SQLException;
import java.util.Hashtable;
import javax.naming.ConfigurationException;
import javax.naming.Context;
import javax.naming.Name;
import javax.naming.NamingException;
import javax.naming.RefAddr;
import javax.naming.Reference;
import javax.naming.spi.ObjectFactory;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Opens a pool as a JNDI resource, so that Tomcat and other containers have it by their own
 * configuration:
 *
 * <pre>{@code
 * <Resource name="jdbc/shop" auth="Container" type="javax.sql.DataSource"
 *           factory="io.everpool.jndi.EverpoolObjectFactory" closeMethod="close"
 *           url="jdbc:postgresql://db.example.com/shop" user="app" password-file="/run/shop"
 *           max-size="20" properties.sslmode="verify-full" retry.max-attempts="3"/>
 * }</pre>
 *
 * <p>The attributes are the settings of {@link io.everpool.api.PoolConfig#settings()}, in kebab or
 * in camel case ({@code maxSize}). {@code readers} may have several URLs, with blanks between them.
 * The pool's name is {@code poolName}, or else the last part of the name under which the resource
 * is bound ({@code shop}). The type is {@link DataSource} or {@link Pool}.
 *
 * <p>Each call opens a pool, which belongs to the container that has called. Tomcat calls once,
 * keeps the pool, and closes it by {@code closeMethod} when the application stops. {@code
 * singleton="false"} is refused, because Tomcat would open a pool at each look-up and close none.
 *
 * <p>Stateless and thread-safe.
 */
public final class EverpoolObjectFactory implements ObjectFactory {
  /** The container makes the factory, by its name. */
  public EverpoolObjectFactory() {}

  /**
   * Opens a pool.
   *
   * @return the pool, which the caller has to close; null if the object is no reference to a pool,
   *     or names another factory
   * @throws ConfigurationException with every problem at once, and without a secret
   * @throws NamingException if the pool can't be opened
   */
  @Override
  public @Nullable Object getObjectInstance(
      @Nullable Object object,
      @Nullable Name name,
      @Nullable Context context,
      @Nullable Hashtable<?, ?> environment)
      throws NamingException {
    if (!(object instanceof Reference reference) || !isForThis(reference)) {
      return null;
    }
    try {
      return Everpool.open(ReferenceSettings.read(reference, name));
    } catch (InvalidPoolConfigException e) {
      throw failure(new ConfigurationException(message(name, e)), e);
    } catch (SQLException e) {
      throw failure(new NamingException(message(name, e)), e);
    }
  }

  /**
   * Whether the reference names this factory, or names none and has one of its types: JNDI asks
   * each factory that it knows, whatever the reference is for.
   */
  private static boolean isForThis(Reference reference) {
    RefAddr ofTomcat = reference.get("factory");
    Object factory = ofTomcat == null ? reference.getFactoryClassName() : ofTomcat.getContent();
    return factory == null
        ? ReferenceSettings.isType(reference.getClassName())
        : factory.equals(EverpoolObjectFactory.class.getName());
  }

  private static String message(@Nullable Name name, Exception reason) {
    return "Everpool could not open "
        + (name == null ? "the resource" : name)
        + ": "
        + reason.getMessage();
  }

  private static NamingException failure(NamingException failure, Exception reason) {
    failure.initCause(reason);
    return failure;
  }
}
