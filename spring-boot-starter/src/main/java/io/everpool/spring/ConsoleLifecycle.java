package io.everpool.spring;

import io.everpool.console.Console;
import org.springframework.context.SmartLifecycle;

/**
 * Ends the pages that are open when the web server is about to drain: it would wait for whoever has
 * one open, for as long as it waits for anybody.
 */
final class ConsoleLifecycle implements SmartLifecycle {

  /** The one in which Spring Boot's web servers drain. */
  private static final int PHASE = SmartLifecycle.DEFAULT_PHASE - 1024;

  private final Console console;
  private volatile boolean running;

  ConsoleLifecycle(Console console) {
    this.console = console;
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    running = false;
    console.endPages();
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return PHASE;
  }
}
