package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A connection may be lost in a stream that its driver has given out, which tells so in its way.
 */
class LostStreamsTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  private interface Use {
    void of(PooledConnection connection) throws IOException, SQLException;
  }

  private static Use in(UseOf<InputStream> use) {
    return connection -> use.on(connection.createBlob().getBinaryStream());
  }

  private static Use out(UseOf<OutputStream> use) {
    return connection -> use.on(connection.createBlob().setBinaryStream(1));
  }

  private static Use reader(UseOf<Reader> use) {
    return connection -> use.on(connection.createClob().getCharacterStream());
  }

  private static Use writer(UseOf<Writer> use) {
    return connection -> use.on(connection.createClob().setCharacterStream(1));
  }

  private interface UseOf<S> {
    void on(S stream) throws IOException;
  }

  static Stream<Use> uses() {
    return Stream.of(
        in(InputStream::read),
        in(stream -> stream.read(new byte[2])),
        in(InputStream::readAllBytes),
        in(stream -> stream.skip(1)),
        in(InputStream::available),
        in(InputStream::close),
        out(stream -> stream.write(1)),
        out(stream -> stream.write(new byte[2])),
        out(OutputStream::flush),
        out(OutputStream::close),
        reader(Reader::read),
        reader(stream -> stream.read(new char[2])),
        reader(stream -> stream.skip(1)),
        reader(Reader::close),
        writer(
            stream -> {
              stream.write("text");
              stream.flush();
            }),
        writer(
            stream -> {
              stream.write(1);
              stream.close();
            }));
  }

  private IOException fail(@Nullable Throwable cause) {
    driver.streams = true;
    IOException failure = new IOException("the stream is broken off", cause);
    driver.streamFailure = failure;
    return failure;
  }

  @ParameterizedTest
  @MethodSource("uses")
  void itsConnectionIsNotLentAgain(Use use) throws SQLException {
    IOException failure = fail(new SQLException("gone", "08006"));
    PooledConnection connection = leases.acquire();
    assertThatThrownBy(() -> use.of(connection)).isSameAs(failure);
    assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
    connection.close();
    assertThat(leases.released).hasValue(0);
  }

  @ParameterizedTest
  @MethodSource("uses")
  void aUnitOfWorkHearsOfIt(Use use) throws SQLException {
    fail(new SQLException("gone", "08006"));
    List<Verdict> heard = new ArrayList<>();
    PooledConnection connection = leases.acquire();
    connection.observer(
        new UnitObserver() {
          @Override
          public void executing() {}

          @Override
          public void exposed() {}

          @Override
          public void failed(Verdict verdict, SQLException failure) {
            heard.add(verdict);
          }

          @Override
          public void writeRefused() {}

          @Override
          public void commit() {}
        });
    assertThatThrownBy(() -> use.of(connection)).isInstanceOf(IOException.class);
    assertThat(heard).contains(Verdict.CONNECTION_LOST);
  }

  /** What is thrown instead of a loss. */
  enum Other {
    /** The driver has closed its connection, and says nothing more of it. */
    CLOSED,
    /** As an end of the data that comes too soon. */
    OWN
  }

  @ParameterizedTest
  @EnumSource
  void whatSaysNothingCountsOnlyWhereTheDriverHasClosed(Other what) throws SQLException {
    fail(null);
    PooledConnection connection = leases.acquire();
    InputStream stream = connection.createBlob().getBinaryStream();
    if (what == Other.CLOSED) {
      FakeLeaseManager.physical(connection).breakOff();
    }
    assertThatThrownBy(stream::read).isInstanceOf(IOException.class);
    connection.close();
    assertThat(leases.released).hasValue(what == Other.CLOSED ? 0 : 1);
  }

  private static Stream<Throwable> mistakes() {
    return Stream.of(
        new IllegalStateException("a mistake"),
        new OutOfMemoryError("no heap"),
        new IndexOutOfBoundsException("of the driver's array"));
  }

  /** Nobody knows in the middle of which answer the driver has stopped to read. */
  @ParameterizedTest
  @MethodSource("mistakes")
  void whatNoStreamShouldThrowEndsTheConnection(Throwable mistake) throws SQLException {
    driver.streams = true;
    driver.streamFailure = mistake;
    PooledConnection connection = leases.acquire();
    assertThatThrownBy(() -> connection.createBlob().getBinaryStream().read()).isSameAs(mistake);
    connection.close();
    assertThat(leases.released).hasValue(0);
  }

  private static final byte[] TWO = new byte[2];
  private static final char[] TWO_CHARS = new char[2];

  /** What no stream can do, whosoever it is. */
  static Stream<Use> mistakenUses() {
    return Stream.of(
        in(stream -> stream.read(null, 0, 1)),
        in(stream -> stream.read(TWO, 1, 2)),
        in(stream -> stream.read(TWO, -1, 1)),
        in(stream -> stream.read(TWO, 0, -1)),
        out(stream -> stream.write(null, 0, 1)),
        out(stream -> stream.write(null)),
        out(stream -> stream.write(TWO, 1, 2)),
        reader(stream -> stream.read(null, 0, 1)),
        reader(stream -> stream.read(TWO_CHARS, 1, 2)),
        reader(stream -> stream.skip(-1)),
        reader(stream -> stream.mark(-1)),
        writer(stream -> stream.write((char[]) null, 0, 1)),
        writer(stream -> stream.write(TWO_CHARS, 1, 2)),
        writer(stream -> stream.write((String) null, 0, 1)),
        writer(stream -> stream.write("text", 4, 1)));
  }

  @ParameterizedTest
  @MethodSource("mistakenUses")
  void aMistakeOfTheProgramsCostsNoConnection(Use use) throws SQLException {
    driver.streams = true;
    PooledConnection connection = leases.acquire();
    driver.calls.clear();
    assertThatThrownBy(() -> use.of(connection))
        .isInstanceOfAny(
            NullPointerException.class,
            IndexOutOfBoundsException.class,
            IllegalArgumentException.class);
    assertThat(driver.calls).noneMatch(call -> call.contains("the server"));
    connection.close();
    assertThat(leases.released).hasValue(1);
  }

  // ---- a mark, for which a driver may look where it stands

  @ParameterizedTest
  @MethodSource("mistakes")
  void soItIsWithAMark(Throwable mistake) throws SQLException {
    driver.streams = true;
    driver.streamFailure = mistake;
    PooledConnection connection = leases.acquire();
    assertThatThrownBy(() -> connection.createBlob().getBinaryStream().mark(1)).isSameAs(mistake);
    connection.close();
    assertThat(leases.released).hasValue(0);
  }

  /** The method may throw nothing else. */
  @Test
  void aConnectionThatIsLostInAMarkIsNotLentAgain() throws SQLException {
    IOException failure = fail(new SQLException("gone", "08006"));
    PooledConnection connection = leases.acquire();
    assertThatThrownBy(() -> connection.createBlob().getBinaryStream().mark(1)).hasCause(failure);
    assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
    connection.close();
    assertThat(leases.released).hasValue(0);
  }

  @Test
  void aMarkReachesNoConnectionOfTheNext() throws IOException, SQLException {
    driver.streams = true;
    PooledConnection connection = leases.acquire();
    InputStream stream = connection.createBlob().getBinaryStream();
    Reader reader = connection.createClob().getCharacterStream();
    stream.mark(1);
    assertThat(driver.calls).contains("marked on the server");
    connection.close();
    driver.calls.clear();
    stream.mark(1);
    assertThatThrownBy(() -> reader.mark(1)).hasMessageContaining("closed");
    assertThat(driver.calls).isEmpty();
  }
}
