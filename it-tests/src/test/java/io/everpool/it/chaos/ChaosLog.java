package io.everpool.it.chaos;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/** What the pools log goes into files, the last megabytes of it: it is too much for a console. */
final class ChaosLog implements AutoCloseable {
  private static final Path FILE = Path.of("target", "chaos.log");
  private static final int FILES = 3;
  private static final long FILE_SIZE = 50 * FileSize.MB_COEFFICIENT;

  private final List<Logger> loggers =
      Stream.of("io.everpool", "com.zaxxer", "org.postgresql")
          .map(name -> (Logger) LoggerFactory.getLogger(name))
          .toList();
  private final RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();

  private ChaosLog() {}

  static ChaosLog open() {
    ChaosLog log = new ChaosLog();
    log.begin((LoggerContext) LoggerFactory.getILoggerFactory());
    return log;
  }

  private void begin(LoggerContext context) {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern("%d{HH:mm:ss.SSS} %-5level [%thread] %logger{20} %msg%n%ex{short}");
    encoder.start();
    FixedWindowRollingPolicy window = new FixedWindowRollingPolicy();
    window.setContext(context);
    window.setParent(appender);
    window.setFileNamePattern(FILE + ".%i");
    window.setMinIndex(1);
    window.setMaxIndex(FILES);
    SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
    size.setContext(context);
    size.setMaxFileSize(new FileSize(FILE_SIZE));
    appender.setContext(context);
    appender.setFile(FILE.toString());
    appender.setAppend(false);
    appender.setEncoder(encoder);
    appender.setRollingPolicy(window);
    appender.setTriggeringPolicy(size);
    window.start();
    size.start();
    appender.start();
    for (Logger logger : loggers) {
      logger.setLevel(Level.INFO);
      logger.setAdditive(false);
      logger.addAppender(appender);
    }
  }

  Path file() {
    return FILE.toAbsolutePath();
  }

  @Override
  public void close() {
    for (Logger logger : loggers) {
      logger.detachAppender(appender);
      logger.setLevel(null);
      logger.setAdditive(true);
    }
    appender.stop();
  }
}
