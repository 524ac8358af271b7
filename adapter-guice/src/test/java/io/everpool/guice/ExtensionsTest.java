package io.everpool.guice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.multibindings.OptionalBinder;
import com.google.inject.name.Names;
import io.everpool.api.Classifier;
import io.everpool.api.ConnectionInitializer;
import io.everpool.api.Credentials;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import java.lang.annotation.Annotation;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Over H2: what an application adds to its pools. */
@Tag("contract")
final class ExtensionsTest {
  private static final Annotation ORDERS = Names.named("orders");

  private final EverpoolShutdown shutdown = new EverpoolShutdown();
  private final List<String> heard = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    shutdown.close();
  }

  private PoolListener opened(String who) {
    return event -> {
      if (event instanceof PoolEvent.PoolOpened) {
        heard.add(who + " of " + event.pool());
      }
    };
  }

  /** One for all pools, one for a single pool; neither must know how pools are made. */
  @Test
  void listenersHearTheirPoolsFromTheBeginning() {
    Guice.createInjector(
        shutdown.module(),
        EverpoolModule.of(Traces.h2("heard").build()),
        EverpoolModule.of(Traces.h2("heard-orders").build()).annotatedWith(ORDERS),
        binder -> {
          Multibinder.newSetBinder(binder, PoolListener.class)
              .addBinding()
              .toInstance(opened("all"));
          Multibinder.newSetBinder(binder, PoolListener.class, ORDERS)
              .addBinding()
              .toInstance(opened("one"));
        });

    assertThat(heard)
        .containsExactlyInAnyOrder("all of heard", "all of heard-orders", "one of heard-orders");
  }

  /** The user's rules are asked before the driver's: this one calls a missing table an outage. */
  @Test
  void classifiersJudgeTheFailuresOfTheirPool() throws SQLException {
    Classifier noTable =
        failure -> failure.toString().contains("NO_SUCH") ? Verdict.CONNECTION_LOST : null;
    PoolListener failures =
        event -> {
          if (event instanceof PoolEvent.ConnectionFailed failed) {
            heard.add(failed.verdict() + " in " + failed.pool());
          }
        };
    Injector injector =
        Guice.createInjector(
            shutdown.module(),
            EverpoolModule.of(Traces.h2("judged").build()),
            EverpoolModule.of(Traces.h2("judged-orders").build()).annotatedWith(ORDERS),
            binder -> {
              Multibinder.newSetBinder(binder, PoolListener.class)
                  .addBinding()
                  .toInstance(failures);
              Multibinder.newSetBinder(binder, Classifier.class, ORDERS)
                  .addBinding()
                  .toInstance(noTable);
            });

    fail(injector.getInstance(Pool.class));
    assertThat(heard).isEmpty();
    fail(injector.getInstance(Key.get(Pool.class, ORDERS)));
    assertThat(heard).containsExactly("CONNECTION_LOST in judged-orders");
  }

  private static void fail(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      assertThatThrownBy(() -> statement.executeQuery("select * from no_such"))
          .isInstanceOf(SQLException.class);
    }
  }

  /** One for all pools, and one that a pool has for itself; H2 lets in whoever comes first. */
  @Test
  void credentialsComeFromTheProviderOfThePool() throws SQLException {
    Injector injector =
        Guice.createInjector(
            shutdown.module(),
            EverpoolModule.of(Traces.h2("asked").build()),
            EverpoolModule.of(Traces.h2("asked-orders").build()).annotatedWith(ORDERS),
            binder -> {
              OptionalBinder.newOptionalBinder(binder, CredentialsProvider.class)
                  .setBinding()
                  .toInstance(() -> Credentials.of("ALL", "sesame"));
              OptionalBinder.newOptionalBinder(binder, Key.get(CredentialsProvider.class, ORDERS))
                  .setBinding()
                  .toInstance(() -> Credentials.of("ONE", "sesame"));
            });

    assertThat(userOf(injector.getInstance(Pool.class))).isEqualTo("ALL");
    assertThat(userOf(injector.getInstance(Key.get(Pool.class, ORDERS)))).isEqualTo("ONE");
  }

  private static String userOf(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      return connection.getMetaData().getUserName();
    }
  }

  private ConnectionInitializer initializer(String who) {
    return connection -> heard.add(who + " of " + connection.getCatalog().toLowerCase(Locale.ROOT));
  }

  @Test
  void initializersSetUpTheConnectionsOfTheirPool() {
    Guice.createInjector(
        shutdown.module(),
        EverpoolModule.of(Traces.h2("set-up").minSize(1).maxSize(1).build()),
        EverpoolModule.of(Traces.h2("set-up-orders").minSize(1).maxSize(1).build())
            .annotatedWith(ORDERS),
        binder -> {
          Multibinder.newSetBinder(binder, ConnectionInitializer.class)
              .addBinding()
              .toInstance(initializer("all"));
          Multibinder.newSetBinder(binder, ConnectionInitializer.class, ORDERS)
              .addBinding()
              .toInstance(initializer("one"));
        });

    assertThat(heard)
        .containsExactlyInAnyOrder("all of set-up", "all of set-up-orders", "one of set-up-orders");
  }

  @Test
  void interceptorsSeeTheLeasesOfTheirPool() throws SQLException {
    LeaseInterceptor interceptor =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) {
            heard.add("lent");
          }
        };
    Injector injector =
        Guice.createInjector(
            shutdown.module(),
            EverpoolModule.of(Traces.h2("unseen").build()),
            EverpoolModule.of(Traces.h2("seen").build()).annotatedWith(ORDERS),
            binder ->
                Multibinder.newSetBinder(binder, LeaseInterceptor.class, ORDERS)
                    .addBinding()
                    .toInstance(interceptor));
    heard.clear(); // what set the Jdbis up

    injector.getInstance(Pool.class).getConnection().close();
    assertThat(heard).isEmpty();
    injector.getInstance(Key.get(Pool.class, ORDERS)).getConnection().close();
    assertThat(heard).containsExactly("lent");
  }
}
