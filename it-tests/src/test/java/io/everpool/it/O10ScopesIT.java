package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.Test;

/** O10: a connection is taken and given back by a scope that can't forget it. */
class O10ScopesIT {

  /** What goes wrong inside of a scope. */
  private static final class Trouble extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** With a pool of one the first that is not given back would block all others. */
  private static Pool poolOfOne(String name) throws SQLException {
    PoolConfig config =
        Db.config(name).minSize(1).maxSize(1).acquireTimeout(Duration.ofMinutes(1)).build();
    return Everpool.open(config);
  }

  @Test
  void tryWithResourcesGivesBackWhateverHappens() throws SQLException {
    try (Pool pool = poolOfOne("o10-try")) {
      for (int i = 0; i < 50; i++) {
        assertThatThrownBy(
                () -> {
                  try (Connection connection = pool.getConnection()) {
                    Db.pid(connection);
                    throw new Trouble();
                  }
                })
            .isInstanceOf(Trouble.class);
      }
      assertThat(pool.snapshot().leased()).isZero();
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  @Test
  void aUnitOfWorkGivesBackWhateverHappens() throws SQLException {
    try (Pool pool = poolOfOne("o10-unit")) {
      for (int i = 0; i < 50; i++) {
        assertThatThrownBy(
                () ->
                    pool.<String, SQLException>run(
                        connection -> {
                          Db.pid(connection);
                          throw new Trouble();
                        }))
            .isInstanceOf(Trouble.class);
        assertThatThrownBy(
                () -> pool.<String, SQLException>inTransaction(c -> Db.ask(c, "nonsense")))
            .isInstanceOf(SQLException.class);
      }
      assertThat(pool.snapshot().leased()).isZero();
    }
  }

  @Test
  void jdbiGivesBackWhateverHappens() throws SQLException {
    try (Pool pool = poolOfOne("o10-jdbi")) {
      Jdbi jdbi = EverpoolJdbi.create(pool);
      for (int i = 0; i < 50; i++) {
        assertThatThrownBy(
                () ->
                    jdbi.useHandle(
                        handle -> {
                          handle.execute("select 1");
                          throw new Trouble();
                        }))
            .isInstanceOf(Trouble.class);
        assertThatThrownBy(
                () ->
                    jdbi.useTransaction(
                        handle -> {
                          handle.execute("select 1");
                          throw new Trouble();
                        }))
            .isInstanceOf(Trouble.class);
      }
      assertThat(pool.snapshot().leased()).isZero();
    }
  }

  @Test
  void aSecondCloseIsHarmless() throws SQLException {
    try (Pool pool = poolOfOne("o10-double")) {
      Connection connection = pool.getConnection();
      connection.close();
      try (Connection next = pool.getConnection()) {
        connection.close();
        assertThat(connection.isClosed()).isTrue();
        assertThat(pool.snapshot().leased()).isEqualTo(1);
        Db.pid(next);
      }
    }
  }

  @Test
  void whatIsUsedAfterItsCloseIsRefused() throws SQLException {
    try (Pool pool = poolOfOne("o10-after")) {
      Connection connection = pool.getConnection();
      Statement statement = connection.createStatement();
      connection.close();
      assertThatThrownBy(connection::createStatement)
          .isInstanceOf(SQLException.class)
          .hasFieldOrPropertyWithValue("SQLState", "08003");
      assertThat(statement.isClosed()).isTrue();
      assertThatThrownBy(() -> statement.execute("select 1")).isInstanceOf(SQLException.class);
      assertThat(connection.isValid(1)).isFalse();
    }
  }

  /** Nothing uncommitted is ever committed by a close. */
  @Test
  void aTransactionThatIsLeftOpenIsRolledBackWithAWarning() throws SQLException {
    Db.server().execute("drop table if exists o10_open");
    Db.server().execute("create table o10_open (x int); grant all on o10_open to public");
    try (LogCapture log = LogCapture.open();
        Pool pool = poolOfOne("o10-open")) {
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        connection.setAutoCommit(false);
        statement.execute("insert into o10_open values (1)");
      }
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        assertThat(connection.getAutoCommit()).isTrue();
        statement.execute("begin");
        statement.execute("insert into o10_open values (2)");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select count(*) from o10_open")).isEqualTo("0");
      }
      assertThat(log.lines(Level.WARN, "transaction")).hasSize(2);
    }
  }

  @Test
  void whoForgetsItIsNamed() throws SQLException {
    PoolConfig config = Db.config("o10-leak").leakThreshold(Duration.ofMillis(200)).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config);
        Connection forgotten = pool.getConnection()) {
      Db.pid(forgotten);
      log.await(Level.WARN, Thread.currentThread().getName());
    }
  }
}
