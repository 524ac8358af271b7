package io.everpool.postgresql.socket;

import static io.everpool.postgresql.Sessions.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.Look;
import io.everpool.servers.Await;
import io.everpool.servers.Port;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The socket under pgjdbc behaves as a plain one does, but for what it is made for. */
@Timeout(600)
class LookableSocketTest {
  private ServerSocket listener;
  private LookableSocket socket;
  private Socket peer;

  @BeforeEach
  void connect() throws IOException {
    listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    socket = LookableSocket.open(KeepAlive.DEFAULT);
    socket.connect(listener.getLocalSocketAddress());
    peer = listener.accept();
  }

  @AfterEach
  void close() throws IOException {
    socket.close();
    peer.close();
    listener.close();
  }

  /** Runs it in a thread of its own and waits until that thread waits. */
  private static <T> Running<T> running(Callable<T> task) {
    FutureTask<T> future = new FutureTask<>(task);
    Thread thread = new Thread(future, "reader");
    thread.setDaemon(true);
    thread.start();
    Await.until(LIMIT, () -> waits(thread), "the thread to wait");
    return new Running<>(thread, future);
  }

  /** A thread in a system call is RUNNABLE to Java. */
  private static boolean waits(Thread thread) {
    return Stream.of(thread.getStackTrace())
        .anyMatch(frame -> frame.getMethodName().equals("doSelect"));
  }

  private record Running<T>(Thread thread, FutureTask<T> future) {
    T get() throws Exception {
      return future.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
  }

  @Test
  void bytesGoBothWaysInOrder() throws Exception {
    byte[] sent = new byte[1_000_000];
    new Random(1).nextBytes(sent);
    CompletableFuture<byte[]> got =
        CompletableFuture.supplyAsync(() -> readFully(peer, sent.length));
    socket.getOutputStream().write(sent);
    assertThat(got.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(sent);

    CompletableFuture<byte[]> back =
        CompletableFuture.supplyAsync(() -> readFully(socket, sent.length));
    peer.getOutputStream().write(sent);
    assertThat(back.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo(sent);
  }

  private static byte[] readFully(Socket from, int length) {
    try {
      return from.getInputStream().readNBytes(length);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  @Test
  void singleBytesAndTheEndAreReadAsTheyAre() throws IOException {
    peer.getOutputStream().write(new byte[] {0, (byte) 0xff});
    peer.shutdownOutput();
    assertThat(socket.getInputStream().read()).isZero();
    assertThat(socket.getInputStream().read()).isEqualTo(0xff);
    assertThat(socket.getInputStream().read()).isEqualTo(-1);
    socket.getOutputStream().write(7);
    assertThat(peer.getInputStream().read()).isEqualTo(7);
  }

  /** What a look reads is read again, be it more or less than the reader asks for. */
  @Test
  void aLookTakesNothingAway() throws IOException {
    byte[] sent = new byte[5_000];
    new Random(2).nextBytes(sent);
    peer.getOutputStream().write(sent);
    Await.until(LIMIT, () -> socket.look() == Look.UNSURE, "bytes");
    assertThat(socket.getInputStream().available()).isPositive();
    byte[] got = new byte[sent.length];
    for (int at = 0; at < got.length; ) {
      at += socket.getInputStream().read(got, at, Math.min(700, got.length - at));
      socket.look();
    }
    assertThat(got).isEqualTo(sent);
    assertThat(socket.look()).isEqualTo(Look.ALIVE);
  }

  private static final byte[] READY = {'Z', 0, 0, 0, 5, 'T'}; // in a transaction

  private static byte[] lastWords() {
    byte[] error = "E\0\0\0\034SFATAL\0VFATAL\0C57P01\0\0".getBytes(StandardCharsets.US_ASCII);
    error[4] = (byte) (error.length - 1);
    return error;
  }

  private static final byte[] COMMIT = "Q\0\0\0\013commit\0".getBytes(StandardCharsets.US_ASCII);

  private void begin() throws IOException {
    socket.setSoTimeout(2_000);
    socket.getOutputStream().write(new byte[] {0, 0, 0, 9, 0, 3, 0, 0, 0}); // a start-up
    peer.getOutputStream().write(READY);
    assertThat(socket.getInputStream().readNBytes(READY.length)).isEqualTo(READY);
  }

  private void hasWrittenNoMore() throws IOException {
    socket.close();
    assertThat(peer.getInputStream().readAllBytes()).as("but for the start-up").hasSize(9);
  }

  /**
   * Its end may take a while to follow, or never come: then nobody waits for it, for the server has
   * nothing to answer.
   */
  @Test
  void noCommitIsWrittenBehindTheLastWordsOfAServer() throws IOException {
    begin();
    byte[] error = lastWords();
    peer.getOutputStream().write(error);
    Await.until(LIMIT, () -> socket.look() == Look.UNSURE, "the last words");
    socket.getOutputStream().write(COMMIT);
    assertThat(socket.log().commitUnanswered()).isFalse();
    assertThat(socket.getInputStream().readNBytes(error.length)).isEqualTo(error);
    assertThat(socket.getInputStream().read()).as("though its end hasn't come").isEqualTo(-1);
    hasWrittenNoMore();
  }

  /** Whoever is in between may say so, though the session is over. */
  @Test
  void aServerThatIsReadyBehindItsLastWordsIsGoneAllTheSame() throws IOException {
    begin();
    byte[] error = lastWords();
    peer.getOutputStream().write(error);
    peer.getOutputStream().write(READY);
    Await.until(LIMIT, () -> socket.look() == Look.UNSURE, "the last words");
    socket.getOutputStream().write(COMMIT);
    assertThat(socket.getInputStream().readNBytes(error.length)).isEqualTo(error);
    assertThat(socket.getInputStream().readNBytes(READY.length)).isEqualTo(READY);
    assertThat(socket.log().isOver()).isTrue();
    socket.getOutputStream().write(COMMIT);
    assertThat(socket.log().commitUnanswered()).isFalse();
    assertThat(socket.getInputStream().read()).isEqualTo(-1);
    hasWrittenNoMore();
  }

  @Test
  void theEndBehindLastWordsIsDeadAndTheWordsAreStillThere() throws IOException {
    peer.getOutputStream().write("farewell".getBytes(StandardCharsets.US_ASCII));
    peer.close();
    Await.until(LIMIT, () -> socket.look() == Look.DEAD, "the end");
    assertThat(socket.look()).isEqualTo(Look.DEAD);
    assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
        .isEqualTo("farewell");
  }

  /**
   * An application that interrupts its workers would otherwise lose a connection each time, and the
   * answer to what it just wrote; with a plain socket the read goes on.
   */
  @Test
  void anInterruptNeitherEndsAReadNorClosesTheSocket() throws Exception {
    Running<Boolean> reading =
        running(
            () -> {
              assertThat(socket.getInputStream().read()).isEqualTo('x');
              return Thread.interrupted();
            });
    reading.thread().interrupt();
    Await.until(LIMIT, () -> !reading.thread().isInterrupted(), "the interrupt to be taken");
    peer.getOutputStream().write('x');
    assertThat(reading.get()).as("the interrupt is pending afterwards").isTrue();
    assertThat(socket.look()).isEqualTo(Look.ALIVE);
  }

  @Test
  void aPendingInterruptDoesNoHarmEither() throws IOException {
    Thread.currentThread().interrupt();
    try (LookableSocket another = LookableSocket.open(KeepAlive.DEFAULT)) {
      another.connect(listener.getLocalSocketAddress());
      try (Socket other = listener.accept()) {
        another.getOutputStream().write('a');
        assertThat(other.getInputStream().read()).isEqualTo('a');
        other.getOutputStream().write('b');
        assertThat(another.getInputStream().read()).isEqualTo('b');
        assertThat(another.look()).isEqualTo(Look.ALIVE);
      }
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void closingFromAnotherThreadWakesAReader() throws Exception {
    Running<Integer> reading = running(() -> socket.getInputStream().read());
    socket.close();
    assertThatThrownBy(reading::get).hasCauseInstanceOf(SocketClosedException.class);
    assertThat(socket.isClosed()).isTrue();
    assertThat(socket.look()).isEqualTo(Look.DEAD);
  }

  /** The first wait makes its selector; a close at that moment may not see it yet. */
  @Test
  void closingAtAnyMomentEndsARead() throws Exception {
    Random random = new Random(3);
    for (int i = 0; i < 2_000; i++) {
      LookableSocket another = LookableSocket.open(KeepAlive.DEFAULT);
      another.connect(listener.getLocalSocketAddress());
      try (Socket other = listener.accept()) {
        int spins = random.nextInt(20_000);
        CompletableFuture<Void> closing =
            CompletableFuture.runAsync(
                () -> {
                  for (int spin = 0; spin < spins; spin++) {
                    Thread.onSpinWait();
                  }
                  try {
                    another.close();
                  } catch (IOException e) {
                    throw new CompletionException(e);
                  }
                });
        assertThatThrownBy(() -> another.getInputStream().read())
            .isInstanceOf(SocketException.class);
        closing.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(other.getInputStream().read()).isEqualTo(-1);
      }
    }
  }

  @Test
  void closingFromAnotherThreadWakesAWriter() throws Exception {
    Running<Integer> writing =
        running(
            () -> {
              socket.getOutputStream().write(new byte[64_000_000]);
              return 0;
            });
    socket.close();
    assertThatThrownBy(writing::get).hasCauseInstanceOf(SocketClosedException.class);
  }

  /** A channel says IOException where a plain socket says SocketException. */
  @Test
  void aResetIsASocketExceptionBothWays() throws IOException {
    peer.setSoLinger(true, 0);
    peer.close();
    Await.until(LIMIT, () -> socket.look() == Look.DEAD, "the reset");
    assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
    assertThatThrownBy(() -> socket.getOutputStream().write(new byte[1_000_000]))
        .isInstanceOf(SocketException.class);
  }

  @Test
  void aReadEndsAtTheSocketTimeoutAndMayBeTriedAgain() throws IOException {
    socket.setSoTimeout(20);
    assertThat(socket.getSoTimeout()).isEqualTo(20);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    peer.getOutputStream().write('x');
    assertThat(socket.getInputStream().read()).isEqualTo('x');
  }

  /** With a plain socket a server that takes nothing blocks its writer for ever. */
  @Test
  void aWriteWithoutProgressEndsAtTheSocketTimeoutToo() throws IOException {
    socket.setSoTimeout(50);
    assertThatThrownBy(() -> socket.getOutputStream().write(new byte[64_000_000]))
        .isInstanceOf(SocketTimeoutException.class);
  }

  /** pgjdbc takes a timeout that it hasn't set for a reason to go on. */
  @Test
  void theDeadlineIsNoTimeoutAndHoldsForEveryWait() throws IOException {
    socket.wire().deadline(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20));
    socket.setSoTimeout(60_000);
    assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(DeadlineException.class);
    assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(DeadlineException.class);
    socket.wire().noDeadline();
    peer.getOutputStream().write('x');
    assertThat(socket.getInputStream().read()).isEqualTo('x');
  }

  @Test
  void aNegativeTimeIsRefusedAsByAPlainSocket() throws IOException {
    try (LookableSocket ours = LookableSocket.open(KeepAlive.DEFAULT);
        Socket plain = new Socket()) {
      for (Socket each : List.of(plain, ours)) {
        assertThatThrownBy(() -> each.connect(listener.getLocalSocketAddress(), -1))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("negative");
        assertThatThrownBy(() -> each.setSoTimeout(-1))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("negative");
        assertThat(each.getSoTimeout()).isZero();
        each.connect(listener.getLocalSocketAddress(), 60_000);
        each.close();
        assertThatThrownBy(() -> each.setSoTimeout(-1)).isInstanceOf(SocketException.class);
      }
    }
  }

  @Test
  void whereNobodyListensTheConnectIsRefused() throws IOException {
    try (Port nobody = Port.claim();
        LookableSocket another = LookableSocket.open(KeepAlive.DEFAULT)) {
      assertThatThrownBy(
              () ->
                  another.connect(
                      new InetSocketAddress(InetAddress.getLoopbackAddress(), nobody.number())))
          .isInstanceOf(ConnectException.class);
      assertThat(another.isClosed()).isTrue();
    }
  }

  @Test
  void anUnknownHostIsCalledSo() throws IOException {
    try (LookableSocket another = LookableSocket.open(KeepAlive.DEFAULT)) {
      InetSocketAddress nowhere = InetSocketAddress.createUnresolved("nowhere.invalid", 5432);
      assertThatThrownBy(() -> another.connect(nowhere, 1000))
          .isInstanceOf(UnknownHostException.class)
          .hasMessageContaining("nowhere.invalid");
    }
  }

  /** A listener with a full backlog answers no more. */
  @Test
  void aConnectEndsAtItsTimeout() throws IOException {
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        LookableSocket one = LookableSocket.open(KeepAlive.DEFAULT);
        LookableSocket two = LookableSocket.open(KeepAlive.DEFAULT);
        LookableSocket three = LookableSocket.open(KeepAlive.DEFAULT)) {
      one.connect(full.getLocalSocketAddress());
      two.connect(full.getLocalSocketAddress());
      assertThatThrownBy(() -> three.connect(full.getLocalSocketAddress(), 100))
          .isInstanceOf(SocketTimeoutException.class);
      assertThat(three.isClosed()).isTrue();
    }
  }

  @Test
  void optionsAreTheKernels() throws IOException {
    socket.setTcpNoDelay(true);
    socket.setKeepAlive(true);
    assertThat(socket.getTcpNoDelay()).isTrue();
    assertThat(socket.getKeepAlive()).isTrue();
    assertThat(socket.getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
    assertThat(socket.isConnected()).isTrue();
    assertThat(socket.isBound()).isTrue();
    assertThat(socket.getPort()).isEqualTo(listener.getLocalPort());
    assertThat(socket.getLocalPort()).isEqualTo(peer.getPort());
    assertThat(socket.getInetAddress()).isEqualTo(listener.getInetAddress());
    assertThat(socket).hasToString("LookableSocket[" + listener.getLocalSocketAddress() + "]");
  }

  @Test
  void keepAliveAsksAfterHalfAMinute() throws IOException {
    assertThat(keepAliveOption("TCP_KEEPIDLE")).isEqualTo(30);
    assertThat(keepAliveOption("TCP_KEEPINTERVAL")).isEqualTo(10);
    assertThat(keepAliveOption("TCP_KEEPCOUNT")).isEqualTo(3);
  }

  /** What a URL may say at the most is what the kernel takes. */
  @Test
  void theKernelTakesTheLongestKeepAlive() throws IOException {
    LookableSocket.open(
            new KeepAlive(KeepAlive.MOST_SECONDS, KeepAlive.MOST_SECONDS, KeepAlive.MOST_QUESTIONS))
        .close();
  }

  private Object keepAliveOption(String name) throws IOException {
    for (var option : socket.supportedOptions()) {
      if (option.name().equals(name)) {
        return socket.getOption(option);
      }
    }
    throw new AssertionError("this JDK doesn't know " + name);
  }

  /** Each socket has selectors of its own: none may stay behind. */
  @Test
  void closingGivesEveryDescriptorBack() throws Exception {
    Path descriptors = Path.of("/proc/self/fd");
    Assumptions.assumeTrue(Files.isDirectory(descriptors));
    socket.setSoTimeout(1);
    long before = count(descriptors);
    for (int i = 0; i < 200; i++) {
      LookableSocket another = LookableSocket.open(KeepAlive.DEFAULT);
      another.connect(listener.getLocalSocketAddress());
      try (Socket other = listener.accept()) {
        another.setSoTimeout(1);
        assertThatThrownBy(() -> another.getInputStream().read())
            .isInstanceOf(SocketTimeoutException.class);
        assertThat(other.isConnected()).isTrue();
      }
      another.close();
    }
    assertThat(count(descriptors)).isLessThan(before + 50);
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.count();
    }
  }

  /**
   * The JDK's TLS socket waits for the peer's goodbye when it is closed, as long as for an answer:
   * after a read has timed out no other waits, until somebody says anew how long.
   */
  @Test
  void afterATimeoutNoReadWaitsAgain() throws Exception {
    socket.setSoTimeout(50);
    byte[] buffer = new byte[8];
    assertThatThrownBy(() -> socket.getInputStream().read(buffer))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("Read timed out");
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> socket.getInputStream().read(buffer))
          .isInstanceOf(SocketTimeoutException.class)
          .hasMessage("Read timed out before");
    }
    socket.setSoTimeout(50);
    assertThatThrownBy(() -> socket.getInputStream().read(buffer))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("Read timed out");
    peer.getOutputStream().write(new byte[] {1, 2});
    Await.until(LIMIT, () -> socket.look() == Look.UNSURE, "the late answer");
    assertThat(socket.getInputStream().read(buffer)).isEqualTo(2);
    assertThatThrownBy(() -> socket.getInputStream().read(buffer))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("Read timed out");
  }

  /** And before it says goodbye it would wait for the peer to take that. */
  @Test
  void afterATimeoutNoWriteWaitsAgain() throws Exception {
    socket.setSoTimeout(50);
    byte[] much = new byte[64_000_000];
    assertThatThrownBy(() -> socket.getOutputStream().write(much))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("Write timed out");
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> socket.getOutputStream().write(much))
          .isInstanceOf(SocketTimeoutException.class)
          .hasMessage("Write timed out before");
      assertThatThrownBy(() -> socket.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class)
          .hasMessage("Read timed out before");
    }
    socket.setSoTimeout(50);
    assertThatThrownBy(() -> socket.getOutputStream().write(much))
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("Write timed out");
  }

  /** Whoever has waited in vain for an answer still sends what the kernel takes. */
  @Test
  void afterATimeoutWhatIsTakenAtOnceIsSent() throws Exception {
    socket.setSoTimeout(50);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    socket.getOutputStream().write('x');
    assertThat(peer.getInputStream().read()).isEqualTo('x');
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class)
        .hasMessage("Read timed out before");
  }
}
