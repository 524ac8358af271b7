package io.everpool.examples.demo;

import com.codahale.metrics.MetricRegistry;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.hocon.EverpoolConfig;
import io.everpool.jdbi.EverpoolJdbi;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Shows an application that works on while its connections are killed and its server is restarted.
 * Ends with 0 if the application saw no error and its books balance, with 1 otherwise.
 */
public final class Demo {

  private Demo() {}

  public static void main(String[] args) throws SQLException, InterruptedException {
    boolean well;
    try (Database database = Database.fromEnvironment()) {
      well = perform(Screen.ofTerminal(), database);
    }
    System.exit(well ? 0 : 1);
  }

  private static boolean perform(Screen screen, Database database)
      throws SQLException, InterruptedException {
    screen.title("Everpool on " + database.description());
    // a name that no other run has, for whatever bears it will be killed
    String victim = "everpool-demo-" + UUID.randomUUID().toString().substring(0, 8);
    Config config = configuration(database.url(), victim);
    Injector injector = Guice.createInjector(new DemoModule(EverpoolConfig.from(config)));
    try (Pool pool = injector.getInstance(Pool.class);
        Pool other = Everpool.open(EverpoolConfig.from(config, "saboteur"))) {
      Saboteur saboteur = new Saboteur(EverpoolJdbi.create(other), victim);
      Play play = new Play(screen, database, saboteur);
      Tally tally = injector.getInstance(Tally.class);
      Branch branch = injector.getInstance(Branch.class);
      branch.createAccounts();
      try {
        work(branch, play, new Progress(screen, tally, pool));
        List<String> problems = injector.getInstance(Audit.class).problems(tally.acknowledged());
        return new Report(screen, injector.getInstance(MetricRegistry.class))
            .show(pool, tally, saboteur.kills(), play.restarts(), problems);
      } finally {
        branch.removeAccounts();
      }
    }
  }

  /** {@code application.conf}, with what is known only now. */
  private static Config configuration(String url, String victim) {
    return ConfigFactory.parseMap(
            Map.of(
                "everpool.url", url,
                "everpool.properties.ApplicationName", victim,
                "everpool.pools.saboteur.properties.ApplicationName", victim + "-saboteur"))
        .withFallback(ConfigFactory.load());
  }

  private static void work(Branch branch, Play play, Progress progress)
      throws InterruptedException {
    progress.start();
    branch.openDoors();
    try {
      play.perform();
    } finally {
      branch.closeDoors();
      progress.stop();
    }
  }
}
