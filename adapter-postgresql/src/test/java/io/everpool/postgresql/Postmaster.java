package io.everpool.postgresql;

import io.everpool.servers.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands in for a postmaster that starts processes for its clients (a real server takes them) until
 * it is told to answer them itself.
 */
final class Postmaster implements AutoCloseable {
  private final ServerSocket socket;
  private final PostgresServer server;
  private volatile byte[] answer = {};
  private volatile boolean forks = true;
  private volatile boolean resets;
  private volatile boolean takesOptions = true;
  private final AtomicInteger accepted = new AtomicInteger();

  Postmaster(PostgresServer server) throws IOException {
    this(server, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
  }

  Postmaster(PostgresServer server, InetAddress address) throws IOException {
    this.server = server;
    this.socket = new ServerSocket(0, 50, address);
    run(this::accept);
  }

  /** How many connections it has accepted. */
  int accepted() {
    return accepted.get();
  }

  int port() {
    return socket.getLocalPort();
  }

  /** From now on this is all that a client is told. */
  void answers(byte[] value) {
    answer = value;
    forks = false;
  }

  /** As PostgreSQL says that it can't fork: in the protocol of old. */
  void answersWithoutProtocol(String text) {
    answers(("E" + text + "\n\0").getBytes(StandardCharsets.UTF_8));
  }

  /** An ErrorResponse. */
  void answersInProtocol(String state, String text) {
    byte[] fields =
        ("SFATAL\0VFATAL\0C" + state + "\0M" + text + "\0\0").getBytes(StandardCharsets.UTF_8);
    byte[] message = new byte[fields.length + 5];
    message[0] = 'E';
    message[3] = (byte) ((fields.length + 4) >>> 8);
    message[4] = (byte) (fields.length + 4);
    System.arraycopy(fields, 0, message, 5, fields.length);
    answers(message);
  }

  /** From now on only a client that asks for start-up options is told that, and no other. */
  void answersOptionsInProtocol(String state, String text) {
    answersInProtocol(state, text);
    takesOptions = false;
    forks = true;
  }

  /** A server before 14, which doesn't say what it is, lets the client in and is gone. */
  void letsInAndIsGone() {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    said.writeBytes(message('R', new byte[4]));
    for (String parameter :
        new String[] {
          "server_version\00013.1\0",
          "client_encoding\0UTF8\0",
          "DateStyle\0ISO\0",
          "integer_datetimes\0on\0",
          "standard_conforming_strings\0on\0"
        }) {
      said.writeBytes(message('S', parameter.getBytes(StandardCharsets.UTF_8)));
    }
    said.writeBytes(message('K', new byte[8]));
    said.writeBytes(message('Z', new byte[] {'I'}));
    answers(said.toByteArray());
  }

  private static byte[] message(char type, byte[] body) {
    return ByteBuffer.allocate(body.length + 5)
        .put((byte) type)
        .putInt(body.length + 4)
        .put(body)
        .array();
  }

  /** From now on a client is told nothing, and is rid of. */
  void resets() {
    resets = true;
    forks = false;
  }

  private interface Job {
    void run() throws IOException;
  }

  private static void run(Job job) {
    Thread thread =
        new Thread(
            () -> {
              try {
                job.run();
              } catch (IOException e) {
                // closed, here or there
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = socket.accept();
      accepted.incrementAndGet();
      if (forks) {
        run(() -> fork(client));
      } else {
        run(() -> refuse(client));
      }
    }
  }

  private void fork(Socket client) throws IOException {
    byte[] first = new byte[8192];
    int read = takesOptions ? 0 : client.getInputStream().read(first);
    if (new String(first, 0, Math.max(0, read), StandardCharsets.UTF_8).contains("\0options\0")) {
      try (client) {
        client.getOutputStream().write(answer);
      }
      return;
    }
    Socket behind = new Socket(server.host(), server.port());
    behind.getOutputStream().write(first, 0, Math.max(0, read));
    run(() -> pass(client, behind));
    pass(behind, client);
  }

  private static void pass(Socket from, Socket to) throws IOException {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    }
  }

  /** Reads first, unlike a postmaster: what is unread when it closes may take the answer along. */
  private void refuse(Socket client) throws IOException {
    try (client) {
      if (client.getInputStream().read(new byte[8192]) < 0) {
        return;
      }
      if (resets) {
        client.setSoLinger(true, 0);
        return;
      }
      client.getOutputStream().write(answer);
      client.shutdownOutput();
      client.getInputStream().transferTo(OutputStream.nullOutputStream());
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
