package io.everpool.postgresql.protocol;

import io.everpool.postgresql.ForwardingSocketFactory;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.Socket;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Properties;
import org.postgresql.Driver;

/**
 * Measures what reading along costs: the same session's bytes are walked again by a tap, in the
 * pieces in which the driver had them, and the time of that is set beside the time that the thread
 * needed for the statement without a tap. The thread's processor time counts, so that a busy
 * machine doesn't; a statement's waiting comes on top. Run by hand, as a program.
 */
final class TapCost {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 9;

  private TapCost() {}

  public static void main(String[] args) throws Exception {
    try (PostgresServer server = PostgresServer.startEmbedded(ServerSettings.defaults())) {
      Properties properties = new Properties();
      properties.setProperty("user", server.user());
      properties.setProperty("password", server.password());
      properties.setProperty("sslmode", "disable");
      properties.setProperty("socketFactory", Factory.class.getName());
      try (Connection connection = new Driver().connect(server.jdbcUrl(), properties)) {
        measure("a million rows", connection, 1, TapCost::rows);
        measure("SELECT 1", connection, 20_000, TapCost::select);
      }
    }
  }

  @FunctionalInterface
  private interface Work {
    void run(Connection connection) throws SQLException;
  }

  private static void rows(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(10_000);
      try (ResultSet rows =
          statement.executeQuery("select i, 'name ' || i from generate_series(1, 1000000) i")) {
        long sum = 0;
        while (rows.next()) {
          sum += rows.getInt(1) + rows.getString(2).length();
        }
        if (sum == 0) {
          throw new SQLException("no rows");
        }
      }
    }
    connection.rollback();
    connection.setAutoCommit(true);
  }

  private static void select(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SELECT 1")) {
      for (int i = 0; i < 20_000; i++) {
        try (ResultSet row = statement.executeQuery()) {
          row.next();
        }
      }
    }
  }

  private static void measure(String what, Connection connection, int times, Work work)
      throws SQLException, IOException {
    long[] driver = new long[ROUNDS];
    long[] whole = new long[ROUNDS];
    long[] tap = new long[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      Tape.instance.clear();
      long start = System.nanoTime();
      long begin = THREADS.getCurrentThreadCpuTime();
      work.run(connection);
      long between = THREADS.getCurrentThreadCpuTime();
      whole[i] = System.nanoTime() - start;
      ProtocolTap walked = new ProtocolTap(() -> {}, () -> false);
      Conversation.begin().play(walked);
      long walk = THREADS.getCurrentThreadCpuTime();
      Tape.instance.play(walked);
      tap[i] = THREADS.getCurrentThreadCpuTime() - walk;
      driver[i] = between - begin;
      if (walked.log().isLost()) {
        throw new IllegalStateException("the tap has lost its way");
      }
    }
    Arrays.sort(driver);
    Arrays.sort(tap);
    Arrays.sort(whole);
    double without = driver[ROUNDS / 2] / (double) times;
    double with = tap[ROUNDS / 2] / (double) times;
    System.out.printf(
        "%s: the tap takes %.0f ns, %.2f %% of the thread's processor time and %.2f %% of the time%n",
        what, with, 100 * with / without, 100 * with * times / whole[ROUNDS / 2]);
  }

  /** What has passed, in its pieces. */
  private static final class Tape {
    static final Tape instance = new Tape();

    private byte[] bytes = new byte[256 << 20];
    private int end;
    private int[] pieces = new int[1 << 20];
    private int count;

    void clear() {
      end = 0;
      count = 0;
    }

    void add(boolean toServer, byte[] from, int offset, int length) {
      if (length > 0) {
        System.arraycopy(from, offset, bytes, end, length);
        end += length;
        pieces[count++] = toServer ? -length : length;
      }
    }

    void play(ProtocolTap tap) throws IOException {
      int at = 0;
      for (int i = 0; i < count; i++) {
        int length = Math.abs(pieces[i]);
        if (pieces[i] < 0) {
          tap.sent(bytes, at, length);
        } else {
          tap.received(bytes, at, length);
        }
        at += length;
      }
    }
  }

  /** Records. */
  public static final class Factory extends ForwardingSocketFactory {
    /** Called by pgjdbc. */
    public Factory() {
      super(javax.net.SocketFactory.getDefault());
    }

    @Override
    public Socket createSocket() {
      return new Recorder();
    }
  }

  private static final class Recorder extends Socket {
    @Override
    public InputStream getInputStream() throws IOException {
      return new java.io.FilterInputStream(super.getInputStream()) {
        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
          int read = super.read(to, offset, length);
          Tape.instance.add(false, to, offset, read);
          return read;
        }
      };
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
      return new java.io.FilterOutputStream(super.getOutputStream()) {
        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
          Tape.instance.add(true, from, offset, length);
          out.write(from, offset, length);
        }
      };
    }
  }
}
