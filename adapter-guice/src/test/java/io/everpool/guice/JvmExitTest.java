package io.everpool.guice;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.multibindings.Multibinder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a JVM of its own, for it takes the end of one to tell. */
final class JvmExitTest {

  /** An application that ends without closing anything; asks for the hook if it has an argument. */
  static final class Careless {
    private Careless() {}

    public static void main(String[] arguments) {
      PoolListener farewell =
          event -> {
            if (event instanceof PoolEvent.PoolClosed) {
              System.out.println("closed " + event.pool());
            }
          };
      Injector injector =
          Guice.createInjector(
              EverpoolModule.of(Traces.h2("careless").build()),
              binder ->
                  Multibinder.newSetBinder(binder, PoolListener.class)
                      .addBinding()
                      .toInstance(farewell));
      for (String argument : arguments) {
        System.out.println(argument);
        injector.getInstance(EverpoolShutdown.class).closeAtJvmExit().closeAtJvmExit();
      }
      System.exit(0);
    }
  }

  @Test
  void poolsAreClosedAtTheExitOfTheJvmIfAskedFor(@TempDir Path folder) throws Exception {
    assertThat(output(folder, "asked")).contains("asked", "closed careless");
    assertThat(output(folder)).doesNotContain("closed careless");
  }

  /** The JVM keeps what it is given; an application that is loaded anew and anew would add up. */
  @Test
  void anOrdinaryCloseTakesTheHookOutAgain() {
    EverpoolShutdown shutdown = new EverpoolShutdown().closeAtJvmExit();
    Thread hook = requireNonNull(shutdown.exitHook);

    shutdown.close();
    assertThat(Runtime.getRuntime().removeShutdownHook(hook)).as("still there").isFalse();

    shutdown.closeAtJvmExit();
    assertThat(shutdown.exitHook).isNull();
  }

  private static String output(Path folder, String... arguments) throws Exception {
    Path output = folder.resolve("output" + arguments.length);
    ProcessBuilder java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Careless.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    for (String argument : arguments) {
      java.command().add(argument);
    }
    Process process = java.start();
    try {
      assertThat(process.waitFor(180, TimeUnit.SECONDS)).as("the end of the JVM").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String text = Files.readString(output);
    assertThat(process.exitValue()).as(text).isZero();
    return text;
  }
}
