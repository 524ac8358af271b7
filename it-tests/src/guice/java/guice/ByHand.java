package guice;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.typesafe.config.Config;
import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.hocon.EverpoolConfig;
import io.everpool.metrics.DropwizardMetrics;
import io.everpool.postgresql.doctor.Doctor;
import java.sql.Connection;
import java.sql.SQLException;

/** The same without Guice. */
final class ByHand {
  private ByHand() {}

  /** Throws if the pool doesn't work, or one of those beside it has seen nothing of it. */
  static void requirePool(Config settings) throws SQLException {
    MetricRegistry metrics = new MetricRegistry();
    HealthCheckRegistry checks = new HealthCheckRegistry();
    DropwizardMetrics recorded = DropwizardMetrics.of("everpool", metrics, checks);
    try (Pool pool =
        Everpool.builder(EverpoolConfig.from(settings))
            .listener(recorded)
            .recorder(recorded)
            .open()) {
      try (Connection connection = pool.getConnection()) {
        require(connection.isValid(0), "no connection");
      }
      require(metrics.timer("everpool.wait").getCount() == 1, "no metrics");
      require(checks.runHealthCheck("everpool").isHealthy(), "not healthy");
      require(Doctor.examine(pool).works(), "the doctor found a problem");
    }
  }

  private static void require(boolean right, String otherwise) {
    if (!right) {
      throw new IllegalStateException(otherwise);
    }
  }
}
