package io.everpool.benchmarks.harness;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What all measurements of a run share, so that no pool has an advantage.
 *
 * @param pace how long the measurements take
 * @param parkNanos how long a park of 1 ms really takes here
 * @param spinTokens how many tokens {@code Blackhole.consumeCPU} needs here to burn 2 us
 * @param seed the seed from which arrivals are drawn; each round has another one
 * @param server a PostgreSQL server, or null if no regime needs one
 * @param inProcess whether regimes that fork a JVM by themselves must not do so, for a profiler or
 *     a debugger
 * @param jvmFlags flags for such a JVM beside {@link Fork#JVM_FLAGS}
 */
public record Surroundings(
    Pace pace,
    long parkNanos,
    long spinTokens,
    long seed,
    @Nullable Server server,
    boolean inProcess,
    List<String> jvmFlags) {

  public Surroundings {
    jvmFlags = List.copyOf(jvmFlags);
  }

  /**
   * A PostgreSQL server.
   *
   * @param url its JDBC URL, without credentials
   * @param user the role
   * @param password its password
   */
  public record Server(String url, String user, String password) {
    @Override
    public String toString() {
      return "Server[url=" + url + "]";
    }
  }

  /** Measures what the run needs to know of the machine. This takes a second. */
  public static Surroundings of(Pace pace) throws Exception {
    return new Surroundings(pace, Hold.parkNanos(), Hold.spinTokens(), 1, null, false, List.of());
  }

  public Surroundings withSeed(long value) {
    return new Surroundings(pace, parkNanos, spinTokens, value, server, inProcess, jvmFlags);
  }

  public Surroundings withServer(Server value) {
    return new Surroundings(pace, parkNanos, spinTokens, seed, value, inProcess, jvmFlags);
  }

  public Surroundings withJvm(boolean sameProcess, List<String> flags) {
    return new Surroundings(pace, parkNanos, spinTokens, seed, server, sameProcess, flags);
  }
}
