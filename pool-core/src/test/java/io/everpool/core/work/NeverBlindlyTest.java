package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.CommitStatus;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The real runner in virtual time, over a database that loses connections and answers and does not
 * always know what became of a commit. The law is stronger than that nothing is doubled: no write
 * is sent a second time unless the client was told, or could tell, that the first came to nothing.
 */
class NeverBlindlyTest {
  private static final int WORLDS = 20_000 / Integer.getInteger("tests.sample", 1);

  private enum End {
    DONE,
    DONE_AGAIN,
    COMMIT_UNKNOWN,
    WRITE_UNKNOWN,
    FAILED
  }

  private final Map<End, Integer> ends = new EnumMap<>(End.class);

  @Test
  void nobodyRetriesAWriteWhoseOutcomeIsNotKnownToBeAborted() {
    for (int seed = 0; seed < WORLDS; seed++) {
      End end = new World(seed).live();
      ends.merge(end, 1, Integer::sum);
    }
    assertThat(ends).as("every ending was met").containsOnlyKeys(End.values());
  }

  private static final class World {
    private final int seed;
    private final Random random;
    private final FakeDriver driver = new FakeDriver();
    private final UnitRunner runner;
    private final FakeLeaseManager leases;
    private final double losses;
    private final boolean hides;
    private long now;
    private int runs;

    World(int seed) {
      this.seed = seed;
      random = new Random(seed);
      losses = random.nextDouble() * 0.3;
      hides = random.nextBoolean();
      driver.commits.truthful = true;
      driver.commits.insteadOfTruth = this::answer;
      driver.database.breaks = () -> random.nextDouble() < losses;
      RetryConfig retry =
          RetryConfig.DEFAULT
              .withMaxAttempts(1 + random.nextInt(6))
              .withCommitOutcome(random.nextInt(5) > 0);
      leases = FakeLeaseManager.over(driver, FakeLeaseManager.settings().retry(retry).build());
      now = random.nextLong();
      runner = new UnitRunner(leases, () -> now, random::nextDouble, nanos -> now += nanos);
    }

    /** The server's truth, most of the time. */
    private @Nullable Object answer() {
      return switch (random.nextInt(8)) {
        case 0, 1 -> CommitStatus.IN_PROGRESS;
        case 2 -> CommitStatus.UNKNOWN;
        case 3 -> new SQLException("lost again", "08006");
        default -> null;
      };
    }

    End live() {
      boolean transaction = random.nextBoolean();
      int inserts = 1 + random.nextInt(3);
      Exception thrown = null;
      try (PooledConnection face = leases.acquire()) {
        if (transaction) {
          runner.inTransaction(
              face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, c -> insert(c, inserts));
        } else {
          runner.run(face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, c -> insertEach(c, inserts));
        }
      } catch (SQLException e) {
        thrown = e;
      }
      return judge(thrown, transaction, inserts);
    }

    private Object insert(Connection connection, int inserts) throws SQLException {
      runs++;
      for (int i = 0; i < inserts; i++) {
        execute(connection, "insert row " + i);
      }
      return "";
    }

    /** Each in its own way: by itself, or in a transaction of its own. */
    private Object insertEach(Connection connection, int inserts) throws SQLException {
      runs++;
      try {
        return insertAll(connection, inserts);
      } catch (SQLException e) {
        if (hides) {
          connection.rollback(); // which fails on a lost connection, and that is what is thrown
        }
        throw e;
      }
    }

    private Object insertAll(Connection connection, int inserts) throws SQLException {
      for (int i = 0; i < inserts; i++) {
        boolean alone = (seed >> i) % 2 == 0;
        connection.setAutoCommit(alone);
        execute(connection, "insert row " + i);
        if (!alone) {
          connection.commit();
        }
      }
      connection.setAutoCommit(true);
      return "";
    }

    private void execute(Connection connection, String sql) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
      }
    }

    private End judge(@Nullable Exception thrown, boolean transaction, int inserts) {
      List<String> rows = driver.database.rows;
      String story = "seed " + seed + ": " + thrown + " " + rows;
      assertThat(driver.database.blindlyRetried).as(story).isEmpty();
      assertThat(rows).as(story).doesNotHaveDuplicates();
      if (thrown == null) {
        assertThat(rows).as(story).hasSize(inserts);
        return runs > 1 ? End.DONE_AGAIN : End.DONE;
      }
      if (thrown instanceof CommitOutcomeUnknownException) {
        return End.COMMIT_UNKNOWN;
      }
      if (transaction) {
        assertThat(rows).as(story).isEmpty();
      }
      return thrown instanceof WriteOutcomeUnknownException ? End.WRITE_UNKNOWN : End.FAILED;
    }
  }
}
