package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.Work;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A unit of work that commits by itself has done so, and isn't told of as if it had failed. */
class OwnCommitsIT {

  /** How it ends its transaction. */
  enum Way {
    NOT_AT_ALL(c -> null),
    BY_COMMIT(
        c -> {
          c.commit();
          return null;
        }),
    BY_COMMIT_AND_ANOTHER_TRANSACTION(
        c -> {
          c.commit();
          write(c);
          return null;
        }),
    BY_AUTOCOMMIT(
        c -> {
          c.setAutoCommit(true);
          return null;
        }),
    BY_AUTOCOMMIT_AND_GOES_ON(
        c -> {
          c.setAutoCommit(true);
          write(c);
          return null;
        }),
    BY_AUTOCOMMIT_AND_BACK(
        c -> {
          c.setAutoCommit(true);
          c.setAutoCommit(false);
          write(c);
          return null;
        }),
    BY_TEXT(
        c -> {
          BorrowersIT.execute(c, "commit");
          return null;
        });

    private final Work<Object, SQLException> end;

    Way(Work<Object, SQLException> end) {
      this.end = end;
    }

    private static void write(Connection connection) throws SQLException {
      BorrowersIT.execute(connection, "insert into own_commits values (2)");
    }
  }

  @ParameterizedTest
  @EnumSource
  void areDoneOnce(Way way) throws Exception {
    Db.server()
        .execute(
            "drop table if exists own_commits; create table own_commits (i int);"
                + " grant all on own_commits to public");
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("own-commits").maxSize(1).build())) {
      String result =
          pool.inTransaction(
              c -> {
                runs.incrementAndGet();
                BorrowersIT.execute(c, "insert into own_commits values (1)");
                way.end.run(c);
                return "done";
              });
      assertThat(result).isEqualTo("done");
      assertThat(runs).hasValue(1);
      try (Connection next = pool.getConnection()) {
        assertThat(next.getAutoCommit()).isTrue();
        assertThat(Db.ask(next, "select count(*) from own_commits where i = 1")).isEqualTo("1");
      }
      String more = Db.server().ask("select count(*) from own_commits where i = 2");
      boolean wroteMore = way.name().contains("AND_");
      assertThat(more).isEqualTo(wroteMore ? "1" : "0");
    }
  }
}
