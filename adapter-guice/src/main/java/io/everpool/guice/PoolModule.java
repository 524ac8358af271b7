package io.everpool.guice;

import com.google.inject.Key;
import com.google.inject.PrivateModule;
import com.google.inject.Provider;
import com.google.inject.Singleton;
import com.google.inject.TypeLiteral;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import java.util.Set;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.spi.JdbiPlugin;

/** One pool: its parts to itself, the keys of it to everybody. */
final class PoolModule extends PrivateModule {
  private static final TypeLiteral<Set<JdbiPlugin>> PLUGINS = new TypeLiteral<>() {};

  private final PoolConfig config;
  private final Key<Pool> key;

  /** The annotation of {@code key}, if it has one, is that of the other keys too. */
  PoolModule(PoolConfig config, Key<Pool> key) {
    this.config = config;
    this.key = key;
  }

  @Override
  protected void configure() {
    bind(PoolConfig.class).annotatedWith(Own.class).toInstance(config);
    if (key.getAnnotationType() == null) {
      bind(PLUGINS).annotatedWith(Own.class).toInstance(Set.of());
    } else {
      bind(PLUGINS).annotatedWith(Own.class).to(key.ofType(PLUGINS));
    }
    bind(Opener.class).in(Singleton.class);
    bind(Opened.class).toProvider(Opener.class).asEagerSingleton();

    Provider<Opened> opened = getProvider(Opened.class);
    Provider<Pool> pool = () -> opened.get().pool();
    Provider<Jdbi> jdbi = () -> opened.get().jdbi();
    Key<DataSource> dataSourceKey = key.ofType(DataSource.class);
    Key<Jdbi> jdbiKey = key.ofType(Jdbi.class);
    bind(key).toProvider(pool);
    bind(dataSourceKey).to(key);
    bind(jdbiKey).toProvider(jdbi);
    expose(key);
    expose(dataSourceKey);
    expose(jdbiKey);
  }
}
