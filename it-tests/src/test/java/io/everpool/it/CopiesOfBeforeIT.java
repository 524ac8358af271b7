package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.VoidWork;
import io.everpool.api.WorkOptions;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.copy.PGCopyOutputStream;

/**
 * Work that copies a stream to the server by the driver's own object, and loses a race or its
 * connection: a further run that is given the same stream, of which only the rest is left or
 * nothing, commits nothing; one that opens its own is there whole. {@code -Dtests.sample=N} plays
 * every N-th cell.
 */
@Timeout(300)
@Tag("one-jdk")
class CopiesOfBeforeIT {
  private static final String COPY = "copy copied from stdin";
  private static final int CHUNK = 1000;
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);

  /** How the data goes to the driver. */
  private enum Way {
    STREAM {
      @Override
      void copy(Connection connection, InputStream data) throws SQLException, IOException {
        manager(connection).copyIn(COPY, data);
      }
    },
    STREAM_BY_SMALL_PIECES {
      @Override
      void copy(Connection connection, InputStream data) throws SQLException, IOException {
        manager(connection).copyIn(COPY, data, CHUNK);
      }
    },
    READER {
      @Override
      void copy(Connection connection, InputStream data) throws SQLException, IOException {
        manager(connection).copyIn(COPY, new InputStreamReader(data, StandardCharsets.US_ASCII));
      }
    },
    BY_PIECES {
      @Override
      void copy(Connection connection, InputStream data) throws SQLException, IOException {
        CopyIn copy = manager(connection).copyIn(COPY);
        byte[] piece = new byte[CHUNK];
        for (int read; (read = data.read(piece)) > 0; ) {
          copy.writeToCopy(piece, 0, read);
        }
        copy.endCopy();
      }
    },
    OUTPUT_STREAM {
      @Override
      void copy(Connection connection, InputStream data) throws SQLException, IOException {
        PGCopyOutputStream out =
            new PGCopyOutputStream(connection.unwrap(PGConnection.class), COPY, CHUNK);
        data.transferTo(out);
        out.endCopy();
      }
    };

    abstract void copy(Connection connection, InputStream data) throws SQLException, IOException;

    private static CopyManager manager(Connection connection) throws SQLException {
      return connection.unwrap(PGConnection.class).getCopyAPI();
    }
  }

  /** How the first run ends. */
  private enum Fault {
    RACE_AFTER,
    LOSS_AFTER,
    LOSS_HALFWAY,
    LOSS_AT_THE_FIRST_READ
  }

  static Stream<Arguments> all() {
    List<Arguments> all = new ArrayList<>();
    for (Way way : Way.values()) {
      for (Fault fault : Fault.values()) {
        for (int rows : new int[] {3, 20_000}) {
          boolean after = fault == Fault.RACE_AFTER || fault == Fault.LOSS_AFTER;
          all.add(Arguments.of(way, fault, rows, true));
          if (!after) {
            all.add(Arguments.of(way, fault, rows, false)); // else it is committed by then
          }
        }
      }
    }
    return IntStream.range(0, all.size()).filter(i -> i % SAMPLE == 0).mapToObj(all::get);
  }

  private final WatchedSessions sessions = new WatchedSessions();
  private Pool pool;
  private Connection other;
  private int runs;

  @BeforeEach
  void open() throws SQLException {
    other =
        DriverManager.getConnection(
            Db.server().jdbcUrl(), Db.server().user(), Db.server().password());
    execute(other, "drop table if exists copied, copy_raced");
    execute(other, "create table copied (id int)");
    execute(other, "create table copy_raced (v int)");
    execute(other, "insert into copy_raced values (0)");
    pool = sessions.open(Db.config("copies-of-before").minSize(1).maxSize(1).build());
  }

  @AfterEach
  void close() throws SQLException {
    pool.close();
    other.close();
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static byte[] rows(int count) {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(1_000_000 + i).append('\n');
    }
    return rows.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** Kills the backend of the first run before it gives what lies behind that place. */
  private final class Killing extends FilterInputStream {
    private final int at;
    private int read;

    Killing(byte[] data, int at) {
      super(new ByteArrayInputStream(data));
      this.at = at;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      if (runs == 1 && read == at) {
        kill();
      }
      int most = read < at ? Math.min(length, at - read) : length;
      int got = in.read(to, offset, most);
      read += Math.max(0, got);
      return got;
    }
  }

  private void kill() {
    try {
      execute(
          other,
          "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
              + " where application_name = 'copies-of-before'"
              + " and (state = 'idle in transaction' or query = '"
              + COPY
              + "' and state = 'active')");
      sessions.awaitEnd(); // what is sent after it is known not to be there
    } catch (SQLException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }

  private InputStream data(Fault fault, int rows) {
    byte[] data = rows(rows);
    return new Killing(
        data,
        switch (fault) {
          case LOSS_HALFWAY -> rows < 100 ? 8 : data.length / 2;
          case LOSS_AT_THE_FIRST_READ -> 0;
          default -> Integer.MAX_VALUE;
        });
  }

  /** Runs it, whatever stream each run has. */
  private void run(Way way, Fault fault, boolean transaction, Supplier<InputStream> data)
      throws SQLException {
    WorkOptions options =
        (transaction
                ? WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE)
                : WorkOptions.DEFAULT)
            .withLabel("the upload");
    VoidWork<SQLException> work =
        connection -> {
          runs++;
          if (transaction) {
            execute(connection, "select v from copy_raced");
          }
          copy(way, connection, data.get());
          if (runs == 1 && fault == Fault.RACE_AFTER) {
            execute(other, "update copy_raced set v = v + 1"); // since the snapshot was taken
            execute(connection, "update copy_raced set v = v + 1");
          } else if (runs == 1 && fault == Fault.LOSS_AFTER) {
            kill();
            execute(connection, "select 1");
          }
        };
    if (transaction) {
      pool.useTransaction(options, work);
    } else {
      pool.use(options, work);
    }
  }

  private int copied() throws SQLException {
    return Integer.parseInt(Db.ask(other, "select count(*) from copied"));
  }

  @ParameterizedTest(name = "{0}, {1}, {2} rows, in a transaction: {3}")
  @MethodSource("all")
  void whatIsLeftOfAStreamIsNotCommitted(Way way, Fault fault, int rows, boolean transaction)
      throws SQLException {
    InputStream data = data(fault, rows);
    Throwable thrown = catchThrowable(() -> run(way, fault, transaction, () -> data));
    assertThat(copied()).isZero();
    assertThat(thrown.getSuppressed())
        .extracting(Throwable::getMessage)
        .anySatisfy(
            why ->
                assertThat(why)
                    .startsWith("the upload was not run again: ")
                    .contains("within the work"));
    assertThat(runs).isEqualTo(2);
  }

  @ParameterizedTest(name = "{0}, {1}, {2} rows, in a transaction: {3}")
  @MethodSource("all")
  void whatEachRunOpensIsThereWhole(Way way, Fault fault, int rows, boolean transaction)
      throws SQLException {
    Throwable thrown = catchThrowable(() -> run(way, fault, transaction, () -> data(fault, rows)));
    assertThat(thrown).isNull();
    assertThat(runs).isEqualTo(2);
    assertThat(copied()).isEqualTo(rows);
    pool.use(next -> copy(way, next, bytes("-1\n"))); // which is compared with nothing any more
    pool.use(next -> copy(way, next, bytes("")));
    assertThat(copied()).isEqualTo(rows + 1);
  }

  /** What the work, or a framework, makes of the COPY that was cut. */
  private enum Hides {
    ROLLS_BACK_AND_THROWS,
    ROLLS_BACK,
    GOES_ON
  }

  static Stream<Arguments> hidden() {
    return Stream.of(Hides.values())
        .flatMap(
            hides ->
                Stream.of(Fault.RACE_AFTER, Fault.LOSS_HALFWAY)
                    .map(fault -> Arguments.of(hides, fault)));
  }

  @ParameterizedTest
  @MethodSource("hidden")
  void norIfTheWorkHidesThatItWasCut(Hides hides, Fault fault) throws SQLException {
    InputStream data = data(fault, 20_000);
    Throwable thrown =
        catchThrowable(
            () ->
                pool.use(
                    WorkOptions.DEFAULT
                        .withIsolation(Connection.TRANSACTION_SERIALIZABLE)
                        .withLabel("the upload"),
                    connection -> {
                      runs++;
                      connection.setAutoCommit(false);
                      try {
                        execute(connection, "select v from copy_raced");
                        copy(Way.STREAM, connection, data);
                        if (runs == 1 && fault == Fault.RACE_AFTER) {
                          execute(other, "update copy_raced set v = v + 1");
                          execute(connection, "update copy_raced set v = v + 1");
                        }
                        connection.commit();
                      } catch (SQLException | UncheckedIOException e) {
                        hide(runs == 1 ? Hides.ROLLS_BACK_AND_THROWS : hides, connection, e);
                      }
                    }));
    assertThat(copied()).isZero();
    assertThat(runs).isEqualTo(2);
    assertThat(thrown.getSuppressed())
        .extracting(Throwable::getMessage)
        .anySatisfy(why -> assertThat(why).startsWith("the upload was not run again: "));
    pool.use(next -> copy(Way.STREAM, next, bytes("-1\n")));
    assertThat(copied()).isOne();
  }

  private static void hide(Hides hides, Connection connection, Exception thrown)
      throws SQLException {
    if (hides == Hides.GOES_ON) {
      assertThat(catchThrowable(() -> execute(connection, "insert into copied values (0)")))
          .isNotNull();
      assertThat(catchThrowable(connection::commit)).isNotNull();
      return;
    }
    connection.rollback();
    if (hides == Hides.ROLLS_BACK_AND_THROWS && thrown instanceof SQLException e) {
      throw e;
    }
  }

  /** Then its end isn't seen, and the next who has the connection copies what he likes. */
  @ParameterizedTest
  @EnumSource(Way.class)
  void norIsWhatComesAfterAWorkThatHasClosedItsConnection(Way way) throws SQLException {
    InputStream data = data(Fault.LOSS_HALFWAY, 20_000);
    pool.use(
        connection -> {
          if (++runs == 2) {
            connection.close();
          } else {
            copy(way, connection, data);
          }
        });
    assertThat(runs).isEqualTo(2);
    pool.use(next -> copy(way, next, bytes("-1\n")));
    assertThat(copied()).isOne();
  }

  private static InputStream bytes(String data) {
    return new ByteArrayInputStream(data.getBytes(StandardCharsets.US_ASCII));
  }

  private static void copy(Way way, Connection connection, InputStream data) throws SQLException {
    try {
      way.copy(connection, data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
