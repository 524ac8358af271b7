package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random units against a database that keeps its transactions and loses its connections: before or
 * after any statement, before or after any COMMIT.
 */
class NothingDoubledTest {
  private static final int SEEDS = 3_000;

  private final List<String> outcomes = new ArrayList<>();

  /** What is acknowledged is there once, what is refused at most once, and named if it may be. */
  @Test
  void nothingIsLostAndNothingDoubled() {
    for (int seed = 0; seed < SEEDS; seed++) {
      new World(seed).run();
    }
    assertThat(outcomes)
        .as("every kind of ending was met")
        .contains("done", "done again", "write unknown", "failed");
    assertThat(Collections.frequency(outcomes, "commit unknown"))
        .as("where the server can be asked")
        .isZero();
  }

  private final class World {
    private final long seed;
    private final Random random;
    private final FakeDriver driver = new FakeDriver();
    private final FakeLeaseManager leases;
    private final UnitRunner runner;
    private int runs;
    private int inserts;

    World(long seed) {
      this.seed = seed;
      random = new Random(seed);
      driver.commits.truthful = true;
      leases =
          FakeLeaseManager.over(
              driver,
              FakeLeaseManager.settings().retry(RetryConfig.DEFAULT.withMaxAttempts(4)).build());
      runner = new UnitRunner(leases, () -> 0, random::nextDouble, nanos -> {});
    }

    void run() {
      int mode = random.nextInt(4);
      List<Integer> script = new ArrayList<>();
      int steps = 1 + random.nextInt(4);
      for (int i = 0; i < steps; i++) {
        script.add(random.nextInt(mode == 0 ? 2 : 4));
      }
      driver.database.breaks = () -> random.nextInt(12) == 0;
      Exception thrown = null;
      try (PooledConnection face = leases.acquire()) {
        switch (mode) {
          case 0 ->
              runner.inTransaction(
                  face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, c -> follow(script, c, 0));
          case 1 ->
              runner.run(face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, c -> follow(script, c, 0));
          case 3 ->
              runner.inTransaction(
                  face,
                  WorkOptions.DEFAULT,
                  0,
                  UnitWatch.NONE,
                  c -> {
                    execute(c, "insert first");
                    aside(script);
                    execute(c, "insert last");
                    return "";
                  });
          default ->
              runner.rerun(
                  face,
                  WorkOptions.DEFAULT,
                  c -> {
                    runs = Math.max(runs, 1);
                    for (int i = 0; i < 2; i++) {
                      int offset = i * 10;
                      runner.rerun(c, WorkOptions.DEFAULT, inner -> follow(script, inner, offset));
                    }
                    return "";
                  });
        }
      } catch (SQLException e) {
        thrown = e;
      }
      judge(thrown, mode);
    }

    /** A layer below works on a connection of its own. */
    private void aside(List<Integer> script) throws SQLException {
      try (PooledConnection own = leases.acquire()) {
        runner.run(own, WorkOptions.DEFAULT, 0, UnitWatch.NONE, c -> follow(script, c, 0));
      }
    }

    /** Each step inserts one row, its own in every run. */
    private Object follow(List<Integer> script, Connection c, int offset) throws SQLException {
      runs++;
      inserts = 0;
      for (int i = 0; i < script.size(); i++) {
        String row = "row " + (offset + i);
        switch (script.get(i)) {
          case 0, 1 -> execute(c, "insert " + row);
          case 2 -> {
            boolean auto = c.getAutoCommit();
            c.setAutoCommit(false);
            execute(c, "insert " + row);
            c.commit();
            c.setAutoCommit(auto);
          }
          default -> {
            c.setAutoCommit(false);
            execute(c, "insert " + row);
            c.setAutoCommit(true);
          }
        }
        inserts++;
      }
      return "done";
    }

    private void execute(Connection c, String sql) throws SQLException {
      try (Statement statement = c.createStatement()) {
        statement.execute(sql);
      }
    }

    private void judge(@Nullable Exception thrown, int mode) {
      List<String> rows = driver.database.rows;
      String story = "seed " + seed + " mode " + mode + ": " + thrown + " " + rows;
      assertThat(rows).as(story).doesNotHaveDuplicates();
      if (thrown == null) {
        int expected = mode == 2 ? 2 * inserts : mode == 3 ? 2 + inserts : inserts;
        assertThat(rows).as(story).hasSize(expected);
        outcomes.add(runs > (mode == 2 ? 3 : 1) ? "done again" : "done");
      } else if (thrown instanceof WriteOutcomeUnknownException) {
        outcomes.add("write unknown");
      } else if (thrown instanceof CommitOutcomeUnknownException) {
        outcomes.add("commit unknown");
      } else {
        if (mode == 0) {
          assertThat(rows).as(story).isEmpty();
        }
        outcomes.add("failed");
      }
    }
  }
}
