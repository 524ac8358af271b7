package io.everpool.console;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is remembered of pools that are open, of those that are being opened, and of no others. */
class WatchedTest {
  private final Watched watched = new Watched(() -> 1_000_000);

  private static PoolEvent failed(String pool) {
    return new PoolEvent.ConnectFailed(pool, Verdict.SERVER_DOWN, "no route to host", 1);
  }

  private Pool open(String name) throws Exception {
    PoolConfig config =
        PoolConfig.builder("jdbc:h2:mem:watched").name(name).minSize(0).maxSize(1).build();
    return Everpool.builder(config).listener(watched::tell).open();
  }

  private History history(String id) {
    return requireNonNull(watched.find(id), id).history();
  }

  private List<String> timeline(String id) {
    return history(id).timeline().after(0).stream().map(Timeline.Entry::text).toList();
  }

  /** As where each tenant has a pool, and some can't be opened. */
  @Test
  void the_names_of_pools_that_never_opened_are_forgotten() throws Exception {
    for (int i = 0; i < 1_000; i++) {
      watched.tell(failed("tenant-" + i));
    }
    assertThat(watched.remembered()).isEqualTo(Watched.MOST_UNOPENED);
    try (Pool pool = open("shop")) {
      for (int i = 0; i < 1_000; i++) {
        watched.waited("gone-" + i, 5);
      }
      assertThat(watched.remembered()).isEqualTo(Watched.MOST_UNOPENED + 1);
      watched.waited(pool.name(), 5);
      assertThat(timeline("shop")).contains("Pool opened: 0 to 1 connections");
    }
    assertThat(watched.pools()).isEmpty();
    assertThat(watched.remembered()).isLessThanOrEqualTo(Watched.MOST_UNOPENED);
  }

  @Test
  void what_happened_while_a_pool_was_opened_is_in_its_timeline() throws Exception {
    watched.tell(failed("shop"));
    try (Pool pool = open("shop")) {
      assertThat(timeline(pool.name()))
          .contains("Pool opened: 0 to 1 connections")
          .first()
          .asString()
          .startsWith("Connect failed: no route to host");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_pool_that_is_closed_as_it_opens_is_not_shown_for_ever(boolean byAnotherThread)
      throws Exception {
    for (int i = 0; i < 2; i++) {
      Pool pool =
          Everpool.builder(PoolConfig.builder("jdbc:h2:mem:brief").name("brief").minSize(0).build())
              .listener(closer(byAnotherThread))
              .listener(watched::tell)
              .open();
      assertThat(pool.isClosed()).isTrue();
      assertThat(watched.pools()).isEmpty();
      assertThat(watched.find("brief")).isNull();
    }
  }

  /** Before the others hear that it has opened; on the thread that opens it or on its own. */
  private static PoolListener closer(boolean onAThreadOfItsOwn) {
    return event -> {
      if (event instanceof PoolEvent.PoolOpened opened) {
        if (onAThreadOfItsOwn) {
          CompletableFuture.runAsync(opened.self()::close).join();
        } else {
          opened.self().close();
        }
      }
    };
  }

  /** They have one history, for events don't tell them apart. */
  @Test
  void of_two_of_one_name_the_second_to_close_ends_the_history() throws Exception {
    Pool first = open("shop");
    Pool second = open("shop");
    History shared = history("shop");
    assertThat(history("shop (2)")).isSameAs(shared);
    first.close();
    assertThat(watched.remembered()).isEqualTo(1);
    assertThat(history("shop (2)")).isSameAs(shared);
    second.close();
    assertThat(watched.find("shop (2)")).isNull();
    watched.tell(failed("shop"));
    try (Pool third = open("shop")) {
      assertThat(history(third.name())).isNotSameAs(shared);
    }
  }
}
