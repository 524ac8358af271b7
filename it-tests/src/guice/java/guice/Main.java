package guice;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.multibindings.Multibinder;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Pool;
import io.everpool.api.observe.PoolListener;
import io.everpool.console.Console;
import io.everpool.console.ConsoleServer;
import io.everpool.guice.EverpoolModule;
import io.everpool.guice.EverpoolShutdown;
import io.everpool.jfr.JfrPools;
import io.everpool.jmx.JmxPools;
import io.everpool.micrometer.MicrometerMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.management.ObjectName;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.jdbi.v3.core.Jdbi;

/** Opens a pool by every adapter at once, and says from which module it came. */
public final class Main {
  private Main() {}

  /** URL and user; the password is in the environment. */
  public static void main(String[] arguments) throws Exception {
    Config settings =
        ConfigFactory.parseMap(
            Map.of(
                "everpool.url", arguments[0],
                "everpool.user", arguments[1],
                "everpool.password", System.getenv("APPLICATION_PASSWORD")));
    ByHand.requirePool(settings);
    ByJndi.requirePool(settings);
    try (Recording recording = new Recording();
        EverpoolShutdown shutdown = new EverpoolShutdown()) {
      recording.start();
      Console console = Console.readOnly();
      SimpleMeterRegistry meters = new SimpleMeterRegistry();
      Injector injector =
          Guice.createInjector(
              shutdown.module(),
              EverpoolModule.of(settings),
              binder -> {
                Multibinder<PoolListener> listeners =
                    Multibinder.newSetBinder(binder, PoolListener.class);
                listeners.addBinding().toInstance(MicrometerMetrics.of("everpool", meters));
                listeners.addBinding().toInstance(JmxPools.onPlatform());
                listeners.addBinding().toInstance(new JfrPools());
                listeners.addBinding().toInstance(console);
              });
      String answer =
          injector
              .getInstance(Jdbi.class)
              .withHandle(handle -> handle.select("select 'answered'").mapTo(String.class).one());
      // All throw if they have seen nothing.
      meters.get("db.client.connection.count").gauge();
      ManagementFactory.getPlatformMBeanServer()
          .getAttribute(new ObjectName("io.everpool:type=Pool,name=\"everpool\""), "Holders");
      requireOpening(recording);
      requirePage(console);
      Module module = injector.getInstance(Pool.class).getClass().getModule();
      System.out.println(answer + " by " + module.getName());
    }
  }

  private static void requirePage(Console console) throws IOException {
    try (ConsoleServer server = ConsoleServer.start(console, 0);
        InputStream page = server.address().toURL().openStream()) {
      if (page.read() < 0) {
        throw new IllegalStateException("the page is empty");
      }
    }
  }

  private static void requireOpening(Recording recording) throws IOException {
    Path file = Files.createTempFile("guice", ".jfr");
    try {
      recording.stop();
      recording.dump(file);
      RecordingFile.readAllEvents(file).stream()
          .filter(event -> event.getEventType().getName().equals("everpool.PoolOpen"))
          .findAny()
          .orElseThrow();
    } finally {
      Files.delete(file);
    }
  }
}
