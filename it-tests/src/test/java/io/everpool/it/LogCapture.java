package io.everpool.it;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import io.everpool.servers.Await;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Hears everything that Everpool logs, or another, and keeps it from the console. */
final class LogCapture extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final Logger logger;
  private final @Nullable Level levelBefore;
  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();

  private LogCapture(String logger) {
    this.logger = (Logger) LoggerFactory.getLogger(logger);
    this.levelBefore = this.logger.getLevel();
  }

  static LogCapture open() {
    return of("io.everpool");
  }

  /** Of whoever logs by this name and those below it. */
  static LogCapture of(String logger) {
    LogCapture capture = new LogCapture(logger);
    capture.setContext(capture.logger.getLoggerContext());
    capture.start();
    capture.logger.setLevel(Level.TRACE);
    capture.logger.setAdditive(false);
    capture.logger.addAppender(capture);
    return capture;
  }

  @Override
  protected void append(ILoggingEvent event) {
    event.prepareForDeferredProcessing();
    events.add(event);
  }

  /** The messages at this level that contain these words. */
  List<String> lines(Level level, String words) {
    return events.stream()
        .filter(event -> event.getLevel() == level)
        .map(ILoggingEvent::getFormattedMessage)
        .filter(message -> message.contains(words))
        .toList();
  }

  /** The messages at this level that are these words and nothing else. */
  List<String> exactly(Level level, String words) {
    return lines(level, words).stream().filter(words::equals).toList();
  }

  /** The messages at WARN and above. */
  List<String> alarms() {
    return events.stream()
        .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  /** Waits for a message at this level that contains these words. */
  void await(Level level, String words) {
    Await.until(Db.LIMIT, () -> !lines(level, words).isEmpty(), level + " \"" + words + '"');
  }

  /** Everything: threads, loggers, messages, stack traces. */
  String text() {
    StringBuilder text = new StringBuilder();
    for (ILoggingEvent event : events) {
      text.append(event.getLevel())
          .append(" [")
          .append(event.getThreadName())
          .append("] ")
          .append(event.getLoggerName())
          .append(' ')
          .append(event.getFormattedMessage())
          .append('\n');
      if (event.getThrowableProxy() != null) {
        text.append(ThrowableProxyUtil.asString(event.getThrowableProxy()));
      }
    }
    return text.toString();
  }

  @Override
  public void close() {
    logger.detachAppender(this);
    logger.setLevel(levelBefore);
    logger.setAdditive(true);
    stop();
  }
}
