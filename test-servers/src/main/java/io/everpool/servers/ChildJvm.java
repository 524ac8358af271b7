package io.everpool.servers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs a program in a JVM of its own: only there can a test choose the environment. */
public final class ChildJvm {
  private ChildJvm() {}

  /** What it printed, errors included, once it has ended. */
  public static String run(Map<String, String> environment, Class<?> main)
      throws IOException, InterruptedException {
    return run(
        environment,
        Path.of(System.getProperty("java.home")),
        List.of("-cp", System.getProperty("java.class.path"), main.getName()),
        List.of());
  }

  /** The same by another run-time image; {@code options} say what to run. */
  public static String run(
      Map<String, String> environment, Path home, List<String> options, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("bin").resolve("java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-XX:+UseSerialGC");
    command.addAll(options);
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().remove("NEON_DB_URL");
    builder.environment().putAll(environment);
    builder.redirectErrorStream(true);
    Process process = builder.start();
    // it ends what it prints as well, and so whoever reads that
    CompletableFuture<Void> tooLate =
        CompletableFuture.runAsync(
            process::destroyForcibly, CompletableFuture.delayedExecutor(180, TimeUnit.SECONDS));
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    if (!tooLate.cancel(false)) {
      throw new AssertionError("doesn't end: " + output);
    }
    return output;
  }
}
