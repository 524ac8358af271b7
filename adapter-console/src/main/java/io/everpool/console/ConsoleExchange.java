package io.everpool.console;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request over HTTP and its answer. To serve the console from a server of your own, implement
 * this interface over that server's request, and hand it to {@link Console#handle}. One thread uses
 * it. If a later version adds a method, the method has a default.
 */
public interface ConsoleExchange {

  /** The method in capitals, such as {@code GET}. */
  String method();

  /** The path below the place where the console is served, such as {@code /events}; decoded. */
  String path();

  /** What follows the question mark, not decoded; null if there is none. */
  @Nullable String query();

  /** The first header of that name, in letters of any case; null if there is none. */
  @Nullable String header(String name);

  /**
   * Begins the answer; it is called once.
   *
   * @param status the status code
   * @param headers all headers that are to be set
   * @param length the length of the body in bytes, or -1 for a stream whose end isn't known yet
   * @return where the body is written; a stream is flushed after each piece
   */
  OutputStream answer(int status, Map<String, String> headers, long length) throws IOException;
}
