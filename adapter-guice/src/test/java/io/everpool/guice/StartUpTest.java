package io.everpool.guice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Module;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.name.Names;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Causes;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import jakarta.inject.Inject;
import java.time.Duration;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On a real server: an injector comes with its pools open, or not at all and nothing stays. */
final class StartUpTest {
  private static final String WRONG = "not-the-pass-word";
  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** An application's singleton that wants the pool at start-up too. */
  static final class Eager {
    @Inject
    Eager(Pool pool) {
      assertThat(pool.isClosed()).isFalse();
    }
  }

  @Test
  void shutdownEndsEverySession() {
    Injector injector = Guice.createInjector(EverpoolModule.of(settings("whole").build()));
    assertThat(server.backendPids()).isNotEmpty();
    int answer =
        injector
            .getInstance(Jdbi.class)
            .inTransaction(handle -> handle.select("select 42").mapTo(int.class).one());
    assertThat(answer).isEqualTo(42);

    injector.getInstance(EverpoolShutdown.class).close();

    assertThat(injector.getInstance(Pool.class).isClosed()).isTrue();
    assertNothingStays();
  }

  /** Nobody gets the injector, so nobody else could close the pool that did open. */
  @Test
  void ifTheSecondPoolCannotBeOpenedTheFirstIsClosed() {
    CreationException failure =
        failureOf(
            EverpoolModule.of(settings("good").build()),
            EverpoolModule.of(settings("bad").password(WRONG).build())
                .annotatedWith(Names.named("bad")));

    assertThat(failure).hasMessageContaining("pool \"bad\" can't be opened: ");
    assertNothingStays();
  }

  /** Guice goes on with the other eager singletons after a failure. */
  @Test
  void aPoolOpenedAfterAFailureIsClosedToo() {
    CreationException failure =
        failureOf(
            EverpoolModule.of(settings("bad").password(WRONG).build()),
            EverpoolModule.of(settings("good").build()).annotatedWith(Names.named("good")));

    assertThat(failure).hasMessageContaining("pool \"bad\" can't be opened: ");
    assertNothingStays();
  }

  /** A start-up that waits for a dead database once per user of the pool takes minutes to fail. */
  @Test
  void aFailureIsMetOnceHoweverManyWantThePoolAndSaysNoSecret() {
    String nobody = "met_once"; // what the server tells of others comes when it comes

    CreationException failure =
        failureOf(
            EverpoolModule.of(settings("secret").user(nobody).password(WRONG).build()),
            binder -> binder.bind(Eager.class).asEagerSingleton());

    Await.until(Duration.ofSeconds(60), () -> refusedLogins(nobody) > 0, "the server's log");
    assertThat(refusedLogins(nobody)).isEqualTo(1);
    assertThat(Causes.first(failure, at -> at.toString().contains(WRONG))).isNull();
  }

  private static long refusedLogins(String user) {
    String refusal = "FATAL:  password authentication failed for user \"" + user + '"';
    return server.log().lines().filter(line -> line.contains(refusal)).count();
  }

  @Test
  void aPluginThatFailsLeavesNoPoolBehind() {
    JdbiPlugin failing =
        new JdbiPlugin() {
          @Override
          public void customizeJdbi(Jdbi jdbi) {
            throw new IllegalStateException("no such codec");
          }
        };

    CreationException failure =
        failureOf(
            EverpoolModule.of(settings("plugged").build()),
            binder ->
                Multibinder.newSetBinder(binder, JdbiPlugin.class)
                    .addBinding()
                    .toInstance(failing));

    assertThat(failure).hasMessageContaining("no such codec");
    assertNothingStays();
  }

  /** What isn't the pools' fault only the caller can answer for; so the shutdown can be his. */
  @Test
  void aShutdownMadeBeforehandClosesThePoolsWhenAnythingElseFails() {
    try (EverpoolShutdown shutdown = new EverpoolShutdown()) {
      CreationException failure =
          failureOf(
              shutdown.module(),
              EverpoolModule.of(settings("mine").build()),
              binder ->
                  binder
                      .bind(Runnable.class)
                      .toProvider(
                          (com.google.inject.Provider<Runnable>)
                              () -> {
                                throw new IllegalStateException("port in use");
                              })
                      .asEagerSingleton());
      assertThat(failure).hasMessageContaining("port in use");
      assertThat(Traces.hasThreads()).isTrue();
    }
    assertNothingStays();
  }

  /** All at once, by the words of HOCON, before any connection. */
  @Test
  void settingsThatCannotWorkAreAllTold() {
    String hocon = "everpool { max-size = 0, url = \"" + server.jdbcUrl() + "\", max-sizes = 3 }";

    CreationException failure =
        failureOf(
            EverpoolModule.of(ConfigFactory.parseString(hocon)),
            EverpoolModule.of(ConfigFactory.empty(), "orders").annotatedWith(Reports.class));

    assertThat(failure)
        .hasMessageContaining("max-size is 0")
        .hasMessageContaining("max-sizes")
        .hasMessageContaining("orders");
    assertThat(failure.getErrorMessages()).hasSize(2);
    assertThat(server.backendPids()).isEmpty();
  }

  private static PoolConfig.Builder settings(String name) {
    return PoolConfig.builder(server.jdbcUrl())
        .name(name)
        .user(server.user())
        .password(server.password())
        .minSize(1);
  }

  private static CreationException failureOf(Module... modules) {
    CreationException failure =
        catchThrowableOfType(CreationException.class, () -> Guice.createInjector(modules));
    assertThat(failure).isNotNull();
    return failure;
  }

  private static void assertNothingStays() {
    Traces.awaitNoThreads();
    Await.until(
        Duration.ofSeconds(60), () -> server.backendPids().isEmpty(), "the end of the sessions");
  }
}
