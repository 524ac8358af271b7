package io.everpool.guice;

import com.google.inject.Key;
import com.google.inject.PrivateModule;
import com.google.inject.Provider;
import com.google.inject.Singleton;
import com.google.inject.TypeLiteral;
import com.google.inject.util.Types;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/** Binds one pool: its parts are private, its keys are for everybody. */
final class PoolModule extends PrivateModule {
  private final PoolConfig config;
  private final Key<Pool> key;
  private final @Nullable Key<DataSource> readerKey;

  /**
   * Makes the module. If {@code key} has an annotation, the other keys have the same one.
   *
   * @param readerKey the key for what only reads; null if nobody asks for that
   */
  PoolModule(PoolConfig config, Key<Pool> key, @Nullable Key<DataSource> readerKey) {
    this.config = config;
    this.key = key;
    this.readerKey = readerKey;
  }

  @Override
  protected void configure() {
    bind(PoolConfig.class).annotatedWith(Own.class).toInstance(config);
    SharedModule.EXTENSIONS.forEach(this::collect);
    chooseCredentials();
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
    if (readerKey != null) {
      bindReader(readerKey, opened);
    }
  }

  private void bindReader(Key<DataSource> dataSourceKey, Provider<Opened> opened) {
    Key<Jdbi> jdbiKey = dataSourceKey.ofType(Jdbi.class);
    Provider<DataSource> dataSource = () -> opened.get().pool().reader();
    Provider<Jdbi> jdbi = () -> opened.get().readerJdbi();
    bind(dataSourceKey).toProvider(dataSource).in(Singleton.class);
    bind(jdbiKey).toProvider(jdbi).in(Singleton.class);
    expose(dataSourceKey);
    expose(jdbiKey);
  }

  /**
   * Chooses the provider of this pool's credentials: the pool's own, or otherwise the one for all
   * pools.
   */
  private void chooseCredentials() {
    Provider<Optional<CredentialsProvider>> forAll = getProvider(new Key<>() {});
    Provider<Optional<CredentialsProvider>> forThis =
        key.getAnnotationType() == null
            ? Optional::empty
            : getProvider(key.ofType(new TypeLiteral<Optional<CredentialsProvider>>() {}));
    bind(new TypeLiteral<Optional<CredentialsProvider>>() {})
        .annotatedWith(Own.class)
        .toProvider(() -> forThis.get().or(forAll::get));
  }

  /**
   * Collects the extensions of this pool: those for all pools, then those with the pool's
   * annotation.
   */
  private <T> void collect(Class<T> extension) {
    Provider<Set<T>> forAll =
        getProvider(Key.get(SharedModule.<Set<T>>type(Types.setOf(extension))));
    Provider<Set<T>> forThis =
        key.getAnnotationType() == null
            ? Set::of
            : getProvider(key.ofType(SharedModule.<Set<T>>type(Types.setOf(extension))));
    Provider<List<T>> both =
        () -> {
          List<T> list = new ArrayList<>(forAll.get());
          list.addAll(forThis.get());
          return list;
        };
    bind(SharedModule.<List<T>>type(Types.listOf(extension)))
        .annotatedWith(Own.class)
        .toProvider(both);
  }
}
