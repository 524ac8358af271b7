package io.everpool.console.servlet;

import io.everpool.console.Console;
import io.everpool.console.ConsoleExchange;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Serves a {@link Console} in a servlet container, below where it is mapped to, such as {@code
 * /admin/pools/*}:
 *
 * <pre>{@code
 * servletContext.addServlet("pools", new ConsoleServlet(console)).addMapping("/admin/pools/*");
 * }</pre>
 *
 * <p>Who may look is for the application to say, as of anything else that it serves; names by which
 * it is asked for are given to {@link Console.Builder#host}. A page that is open keeps a thread of
 * the container's, sixteen at most, and those that are told to go and don't read that, for as long
 * as the container lets them; where the container waits for the requests that it has before it
 * stops, {@link Console#endPages} comes first. Needs Jakarta Servlet 5.0 or newer, which the
 * container brings. Thread-safe.
 */
public final class ConsoleServlet extends HttpServlet {
  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // no container has ever written a servlet out
  private final Console console;

  /**
   * Of that console, which is a listener of the pools that it is to show.
   *
   * @throws NullPointerException if it is null
   */
  public ConsoleServlet(Console console) {
    this.console = Objects.requireNonNull(console, "console");
  }

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String path = request.getPathInfo();
    if (path == null) { // what the page names is found below a slash
      String mapped = request.getServletPath();
      response.setStatus(HttpServletResponse.SC_FOUND);
      response.setHeader("Location", mapped.substring(mapped.lastIndexOf('/') + 1) + "/");
      return;
    }
    console.handle(new Exchange(request, response, path));
  }

  /** Ends the pages that are open. */
  @Override
  public void destroy() {
    console.endPages();
  }

  private record Exchange(HttpServletRequest request, HttpServletResponse response, String path)
      implements ConsoleExchange {
    @Override
    public String method() {
      return request.getMethod();
    }

    @Override
    public @Nullable String query() {
      return request.getQueryString();
    }

    @Override
    public @Nullable String header(String name) {
      String value = request.getHeader(name);
      return value == null && name.equalsIgnoreCase("Host") ? authority() : value;
    }

    /** What HTTP/2 has in its place: as browsers send it, without the port that all use. */
    private String authority() {
      int port = request.getServerPort();
      boolean usual = port == (request.isSecure() ? 443 : 80);
      return request.getServerName() + (usual ? "" : ":" + port);
    }

    @Override
    public OutputStream answer(int status, Map<String, String> headers, long length)
        throws IOException {
      response.setStatus(status);
      headers.forEach(response::setHeader);
      if (length > 0) {
        response.setContentLengthLong(length);
      }
      return response.getOutputStream();
    }
  }
}
