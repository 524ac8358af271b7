package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What SQL has prepared isn't lost where the driver's stale plans are forgotten. */
@Timeout(120)
class ForgottenPlansIT {

  private static PoolConfig.Builder config() {
    return Db.config("forgotten-plans")
        .properties(Map.of("ApplicationName", "forgotten-plans", "prepareThreshold", "1"))
        .minSize(1)
        .maxSize(1);
  }

  @BeforeEach
  void table() {
    Db.server().execute("create table forgotten (a int, b int)");
    Db.server().execute("grant all on forgotten to public");
  }

  @AfterEach
  void noTable() {
    Db.server().execute("drop table forgotten");
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Reached by the threshold: named on the server, where a transaction doesn't prepare it anew. */
  private static int columns(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement("select * from forgotten");
        ResultSet rows = statement.executeQuery()) {
      return rows.getMetaData().getColumnCount();
    }
  }

  /** How somebody meets a plan that a migration has made stale; and what else he leaves. */
  private enum Stale {
    LEASE,
    LEASE_THAT_SETS,
    UNIT,
    UNIT_THAT_SETS,
    TRANSACTION;

    void meet(Pool pool) throws SQLException {
      switch (this) {
        case LEASE, LEASE_THAT_SETS -> {
          try (Connection connection = pool.getConnection()) {
            set(connection);
            assertThatThrownBy(() -> columns(connection))
                .isInstanceOfSatisfying(
                    SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"));
          }
        }
        case UNIT, UNIT_THAT_SETS -> assertThat(pool.run(this::work)).isEqualTo("3 initialized");
        case TRANSACTION -> assertThat(pool.inTransaction(this::work)).isEqualTo("3 initialized");
      }
    }

    private void set(Connection connection) throws SQLException {
      if (this == LEASE_THAT_SETS || this == UNIT_THAT_SETS) {
        execute(connection, "set work_mem = '5MB'");
      }
    }

    private String work(Connection connection) throws SQLException {
      set(connection);
      return columns(connection) + " " + Db.ask(connection, "execute initialized");
    }
  }

  /** The pool takes it away itself when it has the driver's plans forgotten. */
  @ParameterizedTest
  @EnumSource(Stale.class)
  void whatWasPreparedOutlivesAStalePlan(Stale stale) throws SQLException {
    LeaseInterceptor interceptor =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) throws SQLException {
            execute(connection, "prepare intercepted as select 'intercepted'");
          }
        };
    try (Pool pool =
        Everpool.builder(
                config().connectionInitSql("prepare initialized as select 'initialized'").build())
            .interceptor(interceptor)
            .open()) {
      for (int i = 0; i < 3; i++) {
        assertThat(pool.inTransaction(ForgottenPlansIT::columns)).isEqualTo(2);
      }
      Db.server().execute("alter table forgotten add added int");
      stale.meet(pool);
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "execute initialized")).isEqualTo("initialized");
        assertThat(Db.ask(connection, "execute intercepted")).isEqualTo("intercepted");
      }
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  /** What a borrower has prepared himself stays, though a unit can't be run again then. */
  @Test
  void whatABorrowerHasPreparedOutlivesAStalePlanInHisUnit() throws SQLException {
    try (Pool pool = Everpool.open(config().build())) {
      for (int i = 0; i < 3; i++) {
        assertThat(pool.inTransaction(ForgottenPlansIT::columns)).isEqualTo(2);
      }
      Db.server().execute("alter table forgotten add added int");
      try (Connection connection = pool.getConnection()) {
        execute(connection, "prepare mine as select 'mine'");
        UnitRerunner units = UnitRerunner.of(pool);
        assertThatThrownBy(
                () -> units.rerun(connection, WorkOptions.DEFAULT, ForgottenPlansIT::columns))
            .hasStackTraceContaining("what SQL had prepared before it would be forgotten")
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"));
        connection.rollback();
        assertThat(Db.ask(connection, "execute mine")).isEqualTo("mine");
      }
      assertThat(pool.inTransaction(ForgottenPlansIT::columns)).isEqualTo(3);
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  /** What keeps a unit's session from being set up anew before the unit is over. */
  private enum Kept {
    BY_WHAT_IS_SET("set work_mem = '5MB'"),
    BY_A_STATEMENT("select 1");

    private final String sql;

    Kept(String sql) {
      this.sql = sql;
    }
  }

  /** It would go with the plan, and the next run would miss it; what is given up says why. */
  @ParameterizedTest
  @CsvSource({
    "BY_WHAT_IS_SET,initialized",
    "BY_WHAT_IS_SET,intercepted",
    "BY_A_STATEMENT,initialized",
    "BY_A_STATEMENT,intercepted"
  })
  void whatIsPreparedAtFirstIsNotMissedInARerunEither(Kept kept, String name) throws SQLException {
    String prepare = "prepare " + name + " as select '" + name + "'";
    LeaseInterceptor interceptor =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) throws SQLException {
            if (name.equals("intercepted")) {
              execute(connection, prepare);
            }
          }
        };
    PoolConfig.Builder config = config();
    if (name.equals("initialized")) {
      config.connectionInitSql(prepare);
    }
    try (Pool pool = Everpool.builder(config.build()).interceptor(interceptor).open()) {
      for (int i = 0; i < 3; i++) {
        assertThat(pool.inTransaction(ForgottenPlansIT::columns)).isEqualTo(2);
      }
      Db.server().execute("alter table forgotten add added int");
      try (Connection connection = pool.getConnection()) {
        Statement held = connection.createStatement();
        held.execute(kept.sql);
        if (kept != Kept.BY_A_STATEMENT) {
          held.close();
        }
        UnitRerunner units = UnitRerunner.of(pool);
        assertThatThrownBy(
                () ->
                    units.rerun(
                        connection,
                        WorkOptions.DEFAULT,
                        same -> columns(same) + Db.ask(same, "execute " + name)))
            .hasStackTraceContaining("what SQL had prepared before it would be forgotten")
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"));
        connection.rollback();
        assertThat(Db.ask(connection, "execute " + name)).isEqualTo(name);
      }
      assertThat(pool.inTransaction(ForgottenPlansIT::columns)).isEqualTo(3);
    }
  }
}
