package io.everpool.it;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.Everpool;
import io.everpool.postgresql.PostgresAdapter;
import io.everpool.servers.Await;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The sessions of a pool, of which a test has to know that their end has arrived on this side. */
final class WatchedSessions {
  private volatile @Nullable PhysicalConnection last;

  /** Opens a pool whose sessions are watched. */
  Pool open(PoolConfig config) throws SQLException {
    Connector connector = new PostgresAdapter().connector(config);
    Object watched =
        Proxy.newProxyInstance(
            Connector.class.getClassLoader(),
            new Class<?>[] {Connector.class},
            (self, method, arguments) -> {
              try {
                Object answer = method.invoke(connector, arguments);
                last = answer instanceof PhysicalConnection opened ? opened : last;
                return answer;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
    return Everpool.builder(config).connector((Connector) watched).open();
  }

  /** Waits until the socket of the session that was opened last shows its end; its user calls. */
  void awaitEnd() {
    PhysicalConnection session = Objects.requireNonNull(last);
    Await.until(Db.LIMIT, () -> session.look() == Look.DEAD, "the end to arrive");
  }
}
