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

  /** Its name in flags and files: a group, and within it a case. */
  public final String key() {
    return key;
  }

  /** What it is, in a line. */
  public final String title() {
    return title;
  }

  /** Who takes part. */
  public List<Contender> contenders() {
    return Contender.pools();
  }

  /** The Java release it needs. */
  public int release() {
    return 17;
  }

  /** Whether it needs {@link Surroundings#server()}. */
  public boolean needsServer() {
    return false;
  }

  /** Whether it forks a JVM for itself, and needn't be run in one of its own. */
  public boolean forks() {
    return false;
  }

  /** Measures one pool once, in this JVM. */
  public abstract Figures measure(Contender contender, Surroundings surroundings) throws Exception;
}
