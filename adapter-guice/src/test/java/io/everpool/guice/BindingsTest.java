package io.everpool.guice;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.inject.Binder;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.Module;
import com.google.inject.Stage;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.name.Names;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Pool;
import jakarta.inject.Inject;
import java.lang.annotation.Annotation;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Over H2: what is bound, under which key. */
final class BindingsTest {
  private static final Annotation ORDERS = Names.named("orders");

  private final EverpoolShutdown shutdown = new EverpoolShutdown();

  @AfterEach
  void close() {
    shutdown.close();
  }

  /** What an application asks for, by the annotation of jakarta.inject. */
  static final class Shop {
    final Pool pool;
    final DataSource dataSource;
    final Jdbi jdbi;

    @Inject
    Shop(Pool pool, DataSource dataSource, Jdbi jdbi) {
      this.pool = pool;
      this.dataSource = dataSource;
      this.jdbi = jdbi;
    }
  }

  /** Two pools behind three keys would double the connections and halve the limit. */
  @Test
  void poolDataSourceAndJdbiAreOnePool() throws Exception {
    Injector injector = inject(EverpoolModule.of(Traces.h2("plain").build()));
    Shop shop = injector.getInstance(Shop.class);

    assertThat(shop.dataSource).isSameAs(shop.pool);
    assertThat(injector.getInstance(Shop.class).pool).isSameAs(shop.pool);
    assertThat(injector.getInstance(Jdbi.class)).isSameAs(shop.jdbi);
    int answer = shop.jdbi.withHandle(handle -> handle.select("select 42").mapTo(int.class).one());
    assertThat(answer).isEqualTo(42);
    try (Connection connection = shop.dataSource.getConnection()) {
      assertThat(connection.isValid(1)).isTrue();
      assertThat(shop.pool.snapshot().leased()).isEqualTo(1);
    }
  }

  /** JSONB and PostgreSQL's types come with every Jdbi; on other databases they mustn't hurt. */
  @Tag("contract")
  @Test
  void jdbiWritesAndReadsInATransactionOnH2() {
    Jdbi jdbi = inject(EverpoolModule.of(Traces.h2("h2").build())).getInstance(Jdbi.class);

    String text =
        jdbi.inTransaction(
            handle -> {
              handle.execute("create table note (id int primary key, text varchar)");
              handle.execute("insert into note values (?, ?)", 1, "kept");
              return handle
                  .createQuery("select text from note where id = :id")
                  .bind("id", 1)
                  .mapTo(String.class)
                  .one();
            });

    assertThat(text).isEqualTo("kept");
  }

  /** Start-up should find out, not the first request. */
  @Tag("contract")
  @Test
  void thePoolIsOpenBeforeAnybodyAsksForIt() {
    Module module = EverpoolModule.of(Traces.h2("eager").build());

    Guice.createInjector(Stage.DEVELOPMENT, shutdown.module(), module);

    assertThat(Traces.hasThreads()).isTrue();
  }

  @Tag("contract")
  @Test
  void loadReadsApplicationConf() {
    Injector injector =
        inject(EverpoolModule.load(), EverpoolModule.load("orders").annotatedWith(ORDERS));

    assertThat(injector.getInstance(Pool.class).config().maxSize()).isEqualTo(3);
    assertThat(injector.getInstance(Key.get(Pool.class, ORDERS)).config().maxSize()).isEqualTo(4);
  }

  /** Each pool has the settings of its own block, its own keys, and the one shutdown. */
  @Test
  void severalPoolsLiveUnderAnnotationsOfEitherKind() {
    Config config =
        ConfigFactory.parseString(
            """
            everpool {
              min-size = 1
              pools {
                orders { url = "jdbc:h2:mem:orders", max-size = 5 }
                reports { url = "jdbc:h2:mem:reports", max-size = 6 }
              }
            }
            """);
    Injector injector =
        Guice.createInjector(
            EverpoolModule.of(config, "orders").annotatedWith(ORDERS),
            EverpoolModule.of(config, "reports").annotatedWith(Reports.class));
    Pool orders = injector.getInstance(Key.get(Pool.class, ORDERS));
    Pool reports = injector.getInstance(Key.get(Pool.class, Reports.class));

    assertThat(orders.name()).isEqualTo("orders");
    assertThat(orders.config().maxSize()).isEqualTo(5);
    assertThat(reports.name()).isEqualTo("reports");
    assertThat(reports.config().maxSize()).isEqualTo(6);
    assertThat(injector.getInstance(Key.get(DataSource.class, ORDERS))).isSameAs(orders);
    assertThat(injector.getInstance(Key.get(DataSource.class, Reports.class))).isSameAs(reports);
    assertThat(databaseOf(injector.getInstance(Key.get(Jdbi.class, ORDERS)))).isEqualTo("ORDERS");
    assertThat(databaseOf(injector.getInstance(Key.get(Jdbi.class, Reports.class))))
        .isEqualTo("REPORTS");
    assertThat(injector.getExistingBinding(Key.get(Pool.class))).isNull();

    injector.getInstance(EverpoolShutdown.class).close();

    assertThat(orders.isClosed()).isTrue();
    assertThat(reports.isClosed()).isTrue();
  }

  /** What only reads is asked for by an annotation, whether there are readers or not. */
  @Tag("contract")
  @Test
  void readersAreBoundUnderTheirAnnotation() throws Exception {
    Injector injector =
        inject(
            EverpoolModule.of(
                Traces.h2("plain")
                    .readers(List.of("jdbc:h2:mem:replica;DB_CLOSE_DELAY=-1"))
                    .maxReplicaLag(Duration.ZERO)
                    .build()),
            EverpoolModule.of(Traces.h2("orders").build())
                .annotatedWith(ORDERS)
                .readerAnnotatedWith(Names.named("orders-reader")),
            EverpoolModule.of(Traces.h2("none").build()).annotatedWith(Names.named("none")));

    Key<Jdbi> reader = Key.get(Jdbi.class, Reader.class);
    assertThat(databaseOf(injector.getInstance(Jdbi.class))).isEqualTo("PLAIN");
    assertThat(databaseOf(injector.getInstance(reader))).isEqualTo("REPLICA");
    assertThat(injector.getInstance(reader)).isSameAs(injector.getInstance(reader));
    assertThat(databaseOf(injector.getInstance(Key.get(Jdbi.class, Names.named("orders-reader")))))
        .isEqualTo("ORDERS");
    Key<DataSource> source = Key.get(DataSource.class, Reader.class);
    try (Connection connection = injector.getInstance(source).getConnection()) {
      assertThat(injector.getInstance(Pool.class).readerSnapshots())
          .singleElement()
          .satisfies(snapshot -> assertThat(snapshot.leased()).isEqualTo(1));
      assertThat(connection.isValid(1)).isTrue();
    }
  }

  /** An application may have plug-ins for all its databases, and for one of them. */
  @Tag("contract")
  @Test
  void pluginsForAllPoolsComeBeforeThoseForOne() {
    Injector injector =
        inject(
            EverpoolModule.of(Traces.h2("plugins").build()),
            EverpoolModule.of(Traces.h2("plugins-orders").build()).annotatedWith(ORDERS),
            binder -> {
              plugins(binder, Key.get(JdbiPlugin.class), "all ", "too ");
              plugins(binder, Key.get(JdbiPlugin.class, ORDERS), "orders");
            });

    assertThat(Traces.heardBy(injector.getInstance(Jdbi.class))).isEqualTo("all too ");
    assertThat(Traces.heardBy(injector.getInstance(Key.get(Jdbi.class, ORDERS))))
        .isEqualTo("all too orders");
  }

  private static void plugins(Binder binder, Key<JdbiPlugin> key, String... words) {
    Multibinder<JdbiPlugin> plugins = Multibinder.newSetBinder(binder, key);
    for (String word : words) {
      plugins.addBinding().toInstance(Traces.saying(word));
    }
  }

  private static String databaseOf(Jdbi jdbi) {
    return jdbi.withHandle(handle -> handle.select("select database()").mapTo(String.class).one());
  }

  private Injector inject(Module... modules) {
    return Guice.createInjector(
        shutdown.module(),
        binder -> {
          for (Module module : modules) {
            binder.install(module);
          }
        });
  }
}
