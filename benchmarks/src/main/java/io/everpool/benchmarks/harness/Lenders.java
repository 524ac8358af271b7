package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import java.sql.Connection;
import java.sql.SQLException;

/** Ways to lend. */
final class Lenders {

  private Lenders() {}

  /** Lends from a pool, by {@code getConnection()} and {@code close()}. */
  static Crowd.Lender of(Contender.Open pool) {
    return new Crowd.Lender() {
      @Override
      public Connection take() throws SQLException {
        return pool.take();
      }

      @Override
      public void give(Connection connection) throws SQLException {
        connection.close();
      }
    };
  }

  /** Lends each thread its own connection, which it keeps. */
  static Crowd.Lender keeping(Contender.Open bare) {
    return new Crowd.Lender() {
      @Override
      public Connection take() throws SQLException {
        return bare.take();
      }

      @Override
      public void give(Connection connection) {}
    };
  }

  /** Lends everybody the same connection, without asking anything. */
  static Crowd.Lender sharing(Connection connection) {
    return new Crowd.Lender() {
      @Override
      public Connection take() {
        return connection;
      }

      @Override
      public void give(Connection same) {}
    };
  }
}
