package consumer;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Pool;
import io.everpool.guice.EverpoolModule;
import io.everpool.guice.EverpoolShutdown;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;

/** Opens a pool by every adapter at once, and says from which module it came. */
public final class Main {
  private Main() {}

  /** URL and user; the password is in the environment. */
  public static void main(String[] arguments) {
    Map<String, String> settings =
        Map.of(
            "everpool.url", arguments[0],
            "everpool.user", arguments[1],
            "everpool.password", System.getenv("CONSUMER_PASSWORD"));
    try (EverpoolShutdown shutdown = new EverpoolShutdown()) {
      Injector injector =
          Guice.createInjector(
              shutdown.module(), EverpoolModule.of(ConfigFactory.parseMap(settings)));
      String answer =
          injector
              .getInstance(Jdbi.class)
              .withHandle(handle -> handle.select("select 'answered'").mapTo(String.class).one());
      Module module = injector.getInstance(Pool.class).getClass().getModule();
      System.out.println(answer + " by " + module.getName());
    }
  }
}
