package io.everpool.console;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** HTTP as it is on the wire: a client of the JDK's wouldn't let one say any host. */
final class Raw {
  private Raw() {}

  record Answer(int status, Map<String, String> headers, String body) {
    @Nullable String header(String name) {
      return headers.get(name.toLowerCase(Locale.ROOT));
    }
  }

  /** A connection on which nothing has been said yet. */
  static Socket connect(URI server) throws IOException {
    return new Socket(server.getHost(), server.getPort());
  }

  static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  /**
   * Asks on a connection of its own.
   *
   * @param line such as {@code GET /}
   * @param headers each as it is on the wire, {@code Host} among them
   */
  static Answer ask(URI server, String line, String... headers) throws IOException {
    try (Socket socket = connect(server)) {
      StringBuilder text = new StringBuilder(line + " HTTP/1.1\r\nConnection: close\r\n");
      for (String header : headers) {
        text.append(header).append("\r\n");
      }
      send(socket, text.append("Content-Length: 0\r\n\r\n").toString());
      return read(socket);
    }
  }

  static Answer get(URI server, String path) throws IOException {
    return ask(server, "GET " + path, "Host: localhost");
  }

  private static Answer read(Socket socket) throws IOException {
    String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int end = all.indexOf("\r\n\r\n");
    String[] lines = all.substring(0, end).split("\r\n", -1);
    Map<String, String> headers = new TreeMap<>();
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      headers.put(
          lines[i].substring(0, colon).toLowerCase(Locale.ROOT),
          lines[i].substring(colon + 1).strip());
    }
    return new Answer(
        Integer.parseInt(lines[0].split(" ", -1)[1]), headers, all.substring(end + 4));
  }

  /** A stream of events that is open; it comes in chunks. */
  static final class Events implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;
    private String heard = "";

    private Events(Socket socket, InputStream in) {
      this.socket = socket;
      this.in = in;
    }

    /** Opens one; returns when the server has taken it. */
    static Events open(URI server, String path) throws IOException {
      Socket socket = connect(server);
      send(socket, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      InputStream in = new BufferedInputStream(socket.getInputStream());
      String status = line(in);
      if (!status.contains(" 200 ") && !status.endsWith(" 200")) {
        socket.close();
        throw new IOException("refused: " + status);
      }
      for (String header = status; !header.isEmpty(); ) {
        header = line(in);
      }
      return new Events(socket, in);
    }

    private static String line(InputStream in) throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int b; (b = in.read()) != '\n'; ) {
        if (b < 0) {
          throw new EOFException();
        }
        line.write(b);
      }
      return line.toString(StandardCharsets.UTF_8).strip();
    }

    /** The next thing that is told; null when the server has ended the stream. */
    @Nullable String next() throws IOException {
      int end;
      while ((end = heard.indexOf("\n\n")) < 0) {
        String size = "0";
        try {
          size = line(in);
        } catch (EOFException cut) {
          // as at the end
        }
        byte[] chunk = in.readNBytes(Integer.parseInt(size, 16));
        if (chunk.length == 0) {
          return null;
        }
        line(in);
        heard += new String(chunk, StandardCharsets.UTF_8);
      }
      String told = heard.substring("data: ".length(), end);
      heard = heard.substring(end + 2);
      return told;
    }

    /** What is told until something of it contains that text, which is the last. */
    String nextWith(String text) throws IOException {
      for (String told; (told = next()) != null; ) {
        if (told.contains(text)) {
          return told;
        }
      }
      throw new AssertionError("the stream ended without " + text);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
