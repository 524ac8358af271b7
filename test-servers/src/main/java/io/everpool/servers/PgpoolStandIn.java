package io.everpool.servers;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for Pgpool-II before a primary and its standby, as Pgpool-II 4.3 was seen to behave: a
 * session has a server connection of its own to each of both; the key for cancel requests that the
 * client gets may be the standby's; what it tells of the parameters at the login is what its first
 * node told, which may be the standby; {@code SHOW pool_version} as a simple query is answered by
 * Pgpool-II itself; and what it takes for a read goes to the standby, even within a transaction
 * that has written ({@code disable_load_balance_on_write = off}).
 *
 * <p>It differs where the standby is read in transactions of its own. There is no TLS. Its threads
 * are daemons.
 */
public final class PgpoolStandIn implements AutoCloseable {
  private static final int BACKLOG = 32;

  /** Is set in the process id that a client is told, so that no process has it. */
  private static final int NOT_THIS_PROCESS = 1 << 29;

  private static final int TEXT = 25;

  /** How the parameter begins in a ParameterStatus. */
  private static final String STANDBY = "in_hot_standby\0";

  private final Port port = Port.claim();
  private final PostgresServer primary;
  private final PostgresServer standby;
  private final Predicate<String> reads;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ServerSocket listener;
  private volatile boolean givesPrimarysKey;
  private volatile boolean tellsOfStandby;

  private PgpoolStandIn(PostgresServer primary, PostgresServer standby, Predicate<String> reads)
      throws IOException {
    this.primary = primary;
    this.standby = standby;
    this.reads = reads;
    listener = new ServerSocket();
    listener.setReuseAddress(true);
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port.number()), BACKLOG);
    FaultProxy.daemon("pgpool-accept", this::accept);
  }

  /**
   * Starts one.
   *
   * @param reads the statements, by their SQL, that it sends to {@code standby}; they have no
   *     parameters
   */
  public static PgpoolStandIn before(
      PostgresServer primary, PostgresServer standby, Predicate<String> reads) {
    try {
      return new PgpoolStandIn(primary, standby, reads);
    } catch (IOException e) {
      throw new UncheckedIOException("no stand-in for Pgpool-II", e);
    }
  }

  /** Gives new clients the primary's key, as it does to about half of them. */
  public void givePrimarysKey() {
    givesPrimarysKey = true;
  }

  /** Tells new clients that the server is a standby, as where its first node is one. */
  public void tellOfStandby() {
    tellsOfStandby = true;
  }

  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port.number();
  }

  /** As {@link PostgresServer#jdbcUrl()}, by way of it. */
  public String jdbcUrl() {
    return "jdbc:postgresql://" + host() + ":" + port() + "/" + primary.database();
  }

  @Override
  public void close() {
    closeQuietly(listener);
    sockets.forEach(PgpoolStandIn::closeQuietly);
    port.close();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        sockets.add(client);
        FaultProxy.daemon("pgpool-client", () -> serve(client));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(Socket client) {
    try (client;
        Socket server = new Socket(primary.host(), primary.port())) {
      sockets.add(server);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream()));
      StartUp packet = StartUp.read(in);
      while (packet.code() == StartUp.SSL_REQUEST || packet.code() == StartUp.GSS_REQUEST) {
        client.getOutputStream().write('N');
        packet = StartUp.read(in);
      }
      byte[] bytes = packet.bytes();
      if (packet.code() == StartUp.CANCEL_REQUEST) {
        ByteBuffer key = ByteBuffer.wrap(bytes);
        key.putInt(2 * Integer.BYTES, key.getInt(2 * Integer.BYTES) & ~NOT_THIS_PROCESS);
        server.getOutputStream().write(bytes);
        server.getInputStream().read(); // until it has heard
        return;
      }
      server.getOutputStream().write(bytes);
      new Session(client, server, in).run();
    } catch (IOException e) {
      // either side has gone, and so does the other
    } finally {
      sockets.removeIf(Socket::isClosed);
    }
  }

  /** A message of the protocol: its type, and what comes after the length. */
  private static final class Message {
    private final int type;
    private final byte[] body;

    Message(int type, byte[] body) {
      this.type = type;
      this.body = body;
    }

    static Message read(DataInputStream in) throws IOException {
      int type = in.readUnsignedByte();
      return new Message(type, in.readNBytes(in.readInt() - Integer.BYTES));
    }

    void write(OutputStream out) throws IOException {
      out.write(
          ByteBuffer.allocate(1 + Integer.BYTES + body.length)
              .put((byte) type)
              .putInt(Integer.BYTES + body.length)
              .put(body)
              .array());
    }

    boolean begins(String text) {
      return new String(body, StandardCharsets.ISO_8859_1).startsWith(text);
    }

    /** The SQL of a Query or of a Parse without a name; empty if it is neither. */
    String sql() {
      int from = type == 'Q' ? 0 : type == 'P' && body[0] == 0 ? 1 : -1;
      if (from < 0) {
        return "";
      }
      int end = from;
      while (body[end] != 0) {
        end++;
      }
      return new String(body, from, end - from, StandardCharsets.UTF_8);
    }
  }

  /** What the primary isn't asked; there may be no row. */
  private record Rows(int columns, List<List<@Nullable String>> rows) {}

  /** One client's. */
  private final class Session {
    private final Socket client;
    private final Socket server;
    private final DataInputStream in;
    private final OutputStream out;

    /** The state of the transaction that the primary has told last. */
    private volatile int state = 'I';

    Session(Socket client, Socket server, DataInputStream in) throws IOException {
      this.client = client;
      this.server = server;
      this.in = in;
      this.out = client.getOutputStream();
    }

    /** Lives to the end of the session. */
    void run() throws IOException {
      FaultProxy.daemon("pgpool-server", this::answers);
      OutputStream onward = server.getOutputStream();
      while (true) {
        Message message = Message.read(in);
        Rows own = own(message);
        if (own == null) {
          message.write(onward);
        } else {
          while (message.type != 'Q' && message.type != 'S') {
            message = Message.read(in);
          }
          write(own, message.type == 'S');
        }
      }
    }

    private void answers() {
      try {
        DataInputStream from =
            new DataInputStream(new BufferedInputStream(server.getInputStream()));
        while (true) {
          Message message = Message.read(from);
          if (message.type == 'K' && !givesPrimarysKey) {
            ByteBuffer key = ByteBuffer.wrap(message.body);
            key.putInt(0, key.getInt(0) | NOT_THIS_PROCESS);
          } else if (message.type == 'Z') {
            state = message.body[0];
          } else if (message.type == 'S' && tellsOfStandby && message.begins(STANDBY)) {
            message = new Message('S', (STANDBY + "on\0").getBytes(StandardCharsets.US_ASCII));
          }
          message.write(out);
        }
      } catch (IOException e) {
        closeQuietly(client);
        closeQuietly(server);
      }
    }

    /** The rows of what the primary isn't asked; null if it is. */
    private @Nullable Rows own(Message message) throws IOException {
      String sql = message.sql();
      // Pgpool-II doesn't look for its own commands in the extended protocol
      if (message.type == 'Q' && sql.toLowerCase(Locale.ROOT).strip().equals("show pool_version")) {
        return new Rows(1, List.of(List.of("4.3.5 (a stand-in)")));
      }
      return !sql.isEmpty() && reads.test(sql) ? onStandby(sql) : null;
    }

    private Rows onStandby(String sql) throws IOException {
      try (Connection connection =
              DriverManager.getConnection(standby.jdbcUrl(), standby.user(), standby.password());
          Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery(sql)) {
        int columns = row.getMetaData().getColumnCount();
        List<List<@Nullable String>> rows = new ArrayList<>();
        while (row.next()) {
          List<@Nullable String> values = new ArrayList<>();
          for (int i = 1; i <= columns; i++) {
            values.add(row.getString(i));
          }
          rows.add(values);
        }
        return new Rows(columns, rows);
      } catch (SQLException e) {
        throw new IOException(e);
      }
    }

    private void write(Rows own, boolean extended) throws IOException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      if (extended) {
        new Message('1', new byte[0]).write(all);
        new Message('2', new byte[0]).write(all);
      }
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      DataOutputStream data = new DataOutputStream(body);
      data.writeShort(own.columns());
      for (int i = 0; i < own.columns(); i++) {
        data.writeBytes("?\0");
        data.writeInt(0); // of no table
        data.writeShort(0);
        data.writeInt(TEXT);
        data.writeShort(-1);
        data.writeInt(-1);
        data.writeShort(0);
      }
      new Message('T', body.toByteArray()).write(all);
      for (List<@Nullable String> row : own.rows()) {
        body.reset();
        data.writeShort(row.size());
        for (String value : row) {
          byte[] bytes = value == null ? null : value.getBytes(StandardCharsets.UTF_8);
          data.writeInt(bytes == null ? -1 : bytes.length);
          if (bytes != null) {
            data.write(bytes);
          }
        }
        new Message('D', body.toByteArray()).write(all);
      }
      String tag = "SELECT " + own.rows().size() + "\0";
      new Message('C', tag.getBytes(StandardCharsets.US_ASCII)).write(all);
      new Message('Z', new byte[] {(byte) state}).write(all);
      out.write(all.toByteArray());
    }
  }

  private static void closeQuietly(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      // it is gone anyway
    }
  }
}
