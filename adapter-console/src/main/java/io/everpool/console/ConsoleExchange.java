package io.everpool.console;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request over HTTP and its answer, as a server has them: whoever wants the console under a
 * server of his own writes the few lines that make one of that server's, and hands it to {@link
 * Console#handle}. Used by one thread. A method that a later version adds has a default.
 */
public interface ConsoleExchange {

  /** The method in capitals, such as {@code GET}. */
  String method();

  /** The path below the place where the console is, such as {@code /events}; decoded. */
  String path();

  /** What follows the question mark, not decoded; null where there is none. */
  @Nullable String query();

  /** The first header of that name, in whatever case; null where there is none. */
  @Nullable String header(String name);

  /**
   * Begins the answer; called once.
   *
   * @param status the status code
   * @param headers all that are to be set
   * @param length of the body; bytes, and -1 for a stream whose end nobody knows yet
   * @return where the body is written, and flushed where it is a stream
   */
  OutputStream answer(int status, Map<String, String> headers, long length) throws IOException;
}
