package io.everpool.core.replicas;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.everpool.core.observe.PoolEvents;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** While this is open the log throws at certain lines. */
final class BrokenLog extends UnsynchronizedAppenderBase<ILoggingEvent> implements AutoCloseable {
  private final Logger logger = (Logger) LoggerFactory.getLogger(PoolEvents.log().getName());
  private final @Nullable Level before = logger.getLevel();
  private final String words;

  /** How often it threw. */
  final AtomicInteger thrown = new AtomicInteger();

  /** Throws at lines with these words in them; at all for none. */
  BrokenLog(String words) {
    this.words = words;
    start();
    logger.setLevel(Level.DEBUG);
    logger.addAppender(this);
    logger.setAdditive(false);
  }

  /** The base would keep what this throws. */
  @Override
  public void doAppend(ILoggingEvent event) {
    String line = event.getFormattedMessage();
    if (line.contains(words)) {
      thrown.incrementAndGet();
      throw new IllegalStateException("the log is broken");
    }
  }

  @Override
  protected void append(ILoggingEvent event) {}

  @Override
  public void close() {
    logger.setAdditive(true);
    logger.setLevel(before);
    logger.detachAppender(this);
  }
}
