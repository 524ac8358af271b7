package io.everpool.examples.demo;

import com.codahale.metrics.MetricRegistry;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.name.Names;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Pool;
import io.everpool.console.Console;
import io.everpool.console.ConsoleServer;
import io.everpool.guice.EverpoolShutdown;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.jdbi.v3.core.Jdbi;

/**
 * Shows an application that works on while its connections are killed and its server is restarted.
 * It ends with 0 if the application saw no error and its books balance, otherwise with 1.
 */
public final class Demo {

  private Demo() {}

  public static void main(String[] args) throws Exception {
    boolean well;
    Console console = Console.readOnly();
    try (Recording recording = new Recording(Configuration.getConfiguration("default"));
        Database database = Database.fromEnvironment();
        ConsoleServer server = ConsoleServer.start(console, 0);
        Photographer photographer = Photographer.fromProperty(server.address())) {
      recording.setDestination(Path.of("target", "demo.jfr"));
      recording.start();
      Screen screen = Screen.ofTerminal();
      screen.title("Everpool on " + database.description());
      screen.title("watch it at " + server.address());
      well = perform(screen, database, console, photographer);
    }
    System.exit(well ? 0 : 1);
  }

  /** Performs the demo; returns whether all went well. */
  static boolean perform(
      Screen screen, Database database, Console console, Photographer photographer)
      throws InterruptedException {
    // No other run has this name: every session that has it will be killed.
    String victim = "everpool-demo-" + UUID.randomUUID().toString().substring(0, 8);
    try (EverpoolShutdown shutdown = new EverpoolShutdown()) {
      Injector injector =
          Guice.createInjector(
              shutdown.module(), new DemoModule(configuration(database.url(), victim), console));
      Jdbi other = injector.getInstance(Key.get(Jdbi.class, Names.named(DemoModule.SABOTEUR)));
      return perform(
          injector, screen, new Play(screen, database, new Saboteur(other, victim), photographer));
    }
  }

  private static boolean perform(Injector injector, Screen screen, Play play)
      throws InterruptedException {
    Pool pool = injector.getInstance(Pool.class);
    Tally tally = injector.getInstance(Tally.class);
    injector.getInstance(Jdbi.class).setSqlLogger(tally);
    Branch branch = injector.getInstance(Branch.class);
    try {
      if (!branch.createAccounts()) {
        screen.bad(
            "The schema everpool_demo is there already, left by an earlier run that was cut off,"
                + " or another run's: if nobody needs it, drop schema everpool_demo cascade");
        return false;
      }
      work(branch, play, new Progress(screen, tally, pool));
      List<String> problems = injector.getInstance(Audit.class).problems(tally.acknowledged());
      return new Report(screen, injector.getInstance(MetricRegistry.class))
          .show(pool, tally, play, problems);
    } finally {
      branch.removeAccounts();
    }
  }

  /** The settings in {@code application.conf}, together with those that are known only now. */
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
