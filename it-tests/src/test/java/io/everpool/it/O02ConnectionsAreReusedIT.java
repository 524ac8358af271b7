package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** O2: connections are reused; no request opens one of its own. */
class O02ConnectionsAreReusedIT {

  /** Counted by the server, which can't be mistaken about it. */
  @Test
  void connectionsOpenedStayFlatOverTenThousandQueries() throws Exception {
    try (Pool pool = Everpool.open(Db.config("o2-flat").build())) {
      Db.grow(pool, 8);
      Db.awaitRest(pool, 8);
      long before = pool.snapshot().opened();
      long opened = Db.server().connectionsOpened();
      Crew crew = Crew.of(8, () -> repeat(pool, 1_250));
      crew.join();
      assertThat(crew.errors()).isEmpty();
      assertThat(crew.done()).isEqualTo(8);
      assertThat(Db.server().connectionsOpened()).isEqualTo(opened);
      assertThat(pool.snapshot().opened()).isEqualTo(before).isBetween(8L, 9L);
    }
  }

  private static void repeat(Pool pool, int times) throws SQLException {
    for (int i = 0; i < times; i++) {
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select " + i)).isEqualTo(Integer.toString(i));
      }
    }
  }

  @Test
  void oneRequestAfterTheOtherNeedsNoMoreThanTheMinimum() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("o2-serial").build())) {
      Db.awaitIdle(pool, 2);
      List<Integer> minimum = Db.pids(pool);
      Set<Integer> used = new TreeSet<>();
      for (int i = 0; i < 200; i++) {
        try (Connection connection = pool.getConnection()) {
          used.add(Db.pid(connection));
        }
      }
      assertThat(minimum).containsAll(used);
      assertThat(pool.snapshot().opened()).isEqualTo(2);
    }
  }
}
