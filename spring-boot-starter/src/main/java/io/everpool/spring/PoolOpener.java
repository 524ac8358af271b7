package io.everpool.spring;

import io.everpool.api.Classifier;
import io.everpool.api.ConnectionInitializer;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.core.env.Environment;

/** Opens pools, with everything that the application's beans add to them. */
final class PoolOpener {

  /** The name of this object's bean. */
  static final String BEAN = "everpoolOpener";

  private final Environment environment;
  private final ListableBeanFactory beans;

  PoolOpener(Environment environment, ListableBeanFactory beans) {
    this.environment = environment;
    this.beans = beans;
  }

  /** Opens the pool of {@code everpool.*} and {@code spring.datasource.*}. */
  Pool openMain() throws SQLException {
    SpringSettings settings = new SpringSettings(environment, beans);
    PoolConfig config = settings.main();
    return open(config, settings.session());
  }

  /**
   * Opens the pool of {@code everpool.pools.<name>.*}; {@link NamedPools} refers to this method by
   * its name.
   */
  Pool openNamed(String name) throws SQLException {
    SpringSettings settings = new SpringSettings(environment, beans);
    PoolConfig config = settings.named(name);
    return open(config, settings.session(name));
  }

  /**
   * Adds a listener. If it is a recorder as well, it is added as both: its bean may be declared as
   * a listener only.
   */
  private static void add(PoolListener listener, Everpool.Builder builder) {
    builder.listener(listener);
    if (listener instanceof LeaseRecorder recorder) {
      builder.recorder(recorder);
    }
  }

  private Pool open(PoolConfig config, HikariSession session) throws SQLException {
    Everpool.Builder builder = Everpool.builder(config);
    if (!session.isPlain()) {
      builder.interceptor(session);
    }
    beans.getBeanProvider(PoolListener.class).orderedStream().forEach(each -> add(each, builder));
    beans.getBeanProvider(LeaseRecorder.class).orderedStream().forEach(builder::recorder);
    beans.getBeanProvider(Classifier.class).orderedStream().forEach(builder::classifier);
    beans
        .getBeanProvider(ConnectionInitializer.class)
        .orderedStream()
        .forEach(builder::initializer);
    beans.getBeanProvider(LeaseInterceptor.class).orderedStream().forEach(builder::interceptor);
    beans.getBeanProvider(CredentialsProvider.class).ifUnique(builder::credentials);
    beans
        .getBeanProvider(EverpoolCustomizer.class)
        .orderedStream()
        .forEach(each -> each.customize(config, builder));
    List<Pool> members = new CopyOnWriteArrayList<>();
    builder.listener(
        event -> {
          if (event instanceof PoolEvent.PoolOpened opened) {
            members.add(opened.self());
          }
        });
    boolean autoCommit = !Boolean.FALSE.equals(session.autoCommit());
    return new SpringPool(builder.open(), members, autoCommit);
  }
}
