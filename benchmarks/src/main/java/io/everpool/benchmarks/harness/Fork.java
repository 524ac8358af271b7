package io.everpool.benchmarks.harness;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs trials in JVMs of their own. */
public final class Fork {

  /**
   * The heap is the same for all, has its full size from the start, and its pages were touched: the
   * first touch of a page costs more than a lease does, and the pool that allocates soonest would
   * pay for it.
   */
  public static final List<String> JVM_FLAGS = List.of("-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch");

  private static final Duration LONGEST = Duration.ofMinutes(10);

  /** How many bytes of the log's end are read. */
  private static final int MOST_SAID = 8192;

  private final ObjectMapper json = new ObjectMapper();
  private final List<String> moreFlags;
  private final File log;

  /**
   * @param moreFlags flags for the JVM beside {@link #JVM_FLAGS}
   * @param log the file to which its output is appended
   */
  public Fork(List<String> moreFlags, Path log) {
    this.moreFlags = List.copyOf(moreFlags);
    this.log = log.toFile();
  }

  /** Runs one trial, and waits for it. */
  public Sample run(String regime, String pool, int round, Surroundings surroundings)
      throws IOException, InterruptedException {
    File answer = File.createTempFile("everpool-trial", ".json");
    try {
      long before = log.length();
      Process process = start();
      try (OutputStream in = process.getOutputStream()) {
        json.writeValue(in, new Trial(regime, pool, round, surroundings, answer));
      } catch (IOException ended) {
        // A JVM that refuses a flag reads nothing; the log has what it said.
      }
      if (!process.waitFor(LONGEST.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        return Sample.failed(regime, pool, round, "not finished after " + LONGEST);
      }
      return answer.length() == 0
          ? Sample.failed(
              regime,
              pool,
              round,
              LastWords.after("exit code " + process.exitValue(), said(before)))
          : json.readValue(answer, Sample.class);
    } finally {
      if (!answer.delete()) {
        answer.deleteOnExit();
      }
    }
  }

  /** What was appended to the log since it had this length. */
  private String said(long before) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log, "r")) {
      file.seek(Math.max(before, file.length() - MOST_SAID));
      byte[] said = new byte[(int) (file.length() - file.getFilePointer())];
      file.readFully(said);
      return new String(said, StandardCharsets.UTF_8);
    }
  }

  private Process start() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM_FLAGS);
    command.addAll(moreFlags);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Trial.class.getName());
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
        .start();
  }
}
