package io.everpool.jmx;

import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.sql.SQLException;
import org.h2.jdbcx.JdbcDataSource;

/** An application with an Everpool of its own, in a class loader of its own. */
public final class OtherApplication {
  private OtherApplication() {}

  /** Opens a pool of that name, in JMX. */
  public static AutoCloseable open(String name) throws SQLException {
    JdbcDataSource database = new JdbcDataSource(); // DriverManager knows no driver of this loader
    database.setURL("jdbc:h2:mem:other");
    return Everpool.builder(PoolConfig.builder("jdbc:h2:mem:other").name(name).build())
        .dataSource(database)
        .listener(JmxPools.onPlatform())
        .open();
  }
}
