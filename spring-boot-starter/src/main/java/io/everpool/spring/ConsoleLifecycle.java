package io.everpool.spring;

import io.everpool.console.Console;
import org.springframework.context.SmartLifecycle;

/**
 * Ends the open pages when the web server is about to drain: otherwise the server would wait for
 * each reader who has a page open, as long as it waits for any request.
 */
final class ConsoleLifecycle implements SmartLifecycle {

  /** The phase in which Spring Boot's web servers drain. */
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
