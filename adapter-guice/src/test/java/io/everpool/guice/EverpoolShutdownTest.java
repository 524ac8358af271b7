package io.everpool.guice;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("contract")
final class EverpoolShutdownTest {
  private final List<String> closed = new CopyOnWriteArrayList<>();

  /** What was opened later may stand on what was opened before. */
  @Test
  void closesTheLastOpenedFirstAndOnce() throws Exception {
    EverpoolShutdown shutdown = new EverpoolShutdown();
    for (String name : List.of("first", "second", "third")) {
      shutdown.closeLater(open(name));
    }
    assertThat(shutdown.isClosed()).isFalse();

    shutdown.close();
    shutdown.close();

    assertThat(closed).containsExactly("third", "second", "first");
    assertThat(shutdown.isClosed()).isTrue();
  }

  /** Guice goes on opening pools after one has failed; nobody would close those. */
  @Test
  void aPoolThatComesTooLateIsClosedAtOnce() throws Exception {
    EverpoolShutdown shutdown = new EverpoolShutdown();
    shutdown.close();
    Pool late = open("late");

    shutdown.closeLater(late);

    assertThat(late.isClosed()).isTrue();
    Traces.awaitNoThreads();
  }

  private Pool open(String name) throws SQLException {
    return Everpool.builder(Traces.h2(name).build())
        .listener(
            event -> {
              if (event instanceof PoolEvent.PoolClosed) {
                closed.add(name);
              }
            })
        .open();
  }
}
