package io.everpool.core.jdbc;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** What the pool logs while this is open. */
public final class Logged implements AutoCloseable {
  private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
  private final Logger logger;

  private final Level before;

  public Logged() {
    logger = (Logger) LoggerFactory.getLogger("io.everpool.Pool");
    before = logger.getLevel();
    logger.setLevel(Level.DEBUG);
    appender.list = new CopyOnWriteArrayList<>(); // it is read while the pool's threads still log
    appender.start();
    logger.addAppender(appender);
    logger.setAdditive(false);
  }

  public List<String> messages(Level level) {
    return appender.list.stream()
        .filter(e -> e.getLevel() == level)
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  /** The only event of this level. */
  public ILoggingEvent only(Level level) {
    List<ILoggingEvent> events = appender.list.stream().filter(e -> e.getLevel() == level).toList();
    if (events.size() != 1) {
      throw new AssertionError(level + " was logged " + events.size() + " times: " + events);
    }
    return events.get(0);
  }

  @Override
  public void close() {
    logger.setAdditive(true);
    logger.setLevel(before);
    logger.detachAppender(appender);
  }
}
