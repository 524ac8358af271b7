package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import java.util.List;

/** Circumstances in which pools are measured. */
public abstract class Regime {

  private final String key;
  private final String title;

  Regime(String key, String title) {
    this.key = key;
    this.title = title;
  }

  /** The regime's name in flags and files: a group, and a case within the group. */
  public final String key() {
    return key;
  }

  /** What the regime is, in a line. */
  public final String title() {
    return title;
  }

  /** The contenders that take part. */
  public List<Contender> contenders() {
    return Contender.pools();
  }

  /** The oldest Java release that the regime works on. */
  public int release() {
    return 17;
  }

  /** Whether the regime needs {@link Surroundings#server()}. */
  public boolean needsServer() {
    return false;
  }

  /** Whether the regime forks a JVM by itself, and needn't be run in one of its own. */
  public boolean forks() {
    return false;
  }

  /** Measures one pool once, in this JVM. */
  public abstract Figures measure(Contender contender, Surroundings surroundings) throws Exception;
}
