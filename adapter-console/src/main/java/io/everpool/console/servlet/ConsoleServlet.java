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
 * Serves a {@link Console} in a servlet container, below the path to which it is mapped, such as
 * {@code /admin/pools/*}:
 *
 * <pre>{@code
 * servletContext.addServlet("pools", new ConsoleServlet(console)).addMapping("/admin/pools/*");
 * }</pre>
 *
 * <p>The application decides who may look, as with anything else that it serves; the host names
 * under which it is reached are given to {@link Console.Builder#host}. An open page keeps a thread
 * of the container's. There are at most sixteen such pages, and beside them those that were told to
 * go and don't read it, for as long as the container lets them. If the container waits for its
 * running requests before it stops, call {@link Console#endPages} first. This servlet needs Jakarta
 * Servlet 5.0 or newer, which the container brings. Thread-safe.
 */
public final class ConsoleServlet extends HttpServlet {
  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // no container has ever serialized a servlet
  private final Console console;

  /**
   * Makes a servlet for that console, which has to be a listener of the pools that it shows.
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
    if (path == null) { // the page's own links work only below a slash
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

    /**
     * What HTTP/2 has in place of the {@code Host} header. It is given as browsers send that
     * header, without the port if that is the usual one.
     */
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
