package io.everpool.postgresql.protocol;

import static io.everpool.api.driver.Effects.IN_DOUBT;
import static io.everpool.api.driver.Effects.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What could commit isn't written once the server has ended the session; all else is. */
class KeptBackTest {
  private final AtomicInteger looks = new AtomicInteger();
  private boolean ended;

  private final ProtocolTap tap =
      new ProtocolTap(
          () -> {},
          () -> {
            looks.incrementAndGet();
            return ended;
          });

  private void end() {
    ended = true;
    looks.set(0);
  }

  private static Conversation more() {
    return Conversation.unopened();
  }

  private boolean written(Conversation sent) throws RestOfStreamException {
    byte[] bytes = sent.bytes();
    return tap.sent(bytes, 0, bytes.length);
  }

  private static Arguments row(
      String what, UnaryOperator<Conversation> before, UnaryOperator<Conversation> sent) {
    return Arguments.of(what, before, sent);
  }

  private static Conversation begun(Conversation c) {
    return c.query("begin").complete("BEGIN").ready('T');
  }

  static Stream<Arguments> committing() {
    return Stream.of(
        row("a COMMIT", KeptBackTest::begun, c -> c.query("commit")),
        row("a prepared COMMIT", KeptBackTest::begun, c -> c.extended("commit").sync()),
        row("the end of a COMMIT", c -> begun(c).raw(true, QUERY_CUT), c -> c.raw(true, REST)),
        row("a write", c -> c, c -> c.query("insert into t values (1)")),
        row("a write's Sync", c -> c.extended("insert"), Conversation::sync),
        row("a block", c -> c, c -> c.query("begin; insert into t values (1); commit")),
        row("a call", c -> c, c -> c.query("call p()")),
        row("a function call", c -> c, Conversation::function),
        row(
            "the end of a copy",
            c -> c.query("copy t from stdin").answer('G', new byte[3]).send('d', new byte[9]),
            c -> c.send('c', new byte[0])));
  }

  private static final byte[] QUERY = more().query("commit").bytes();
  private static final byte[] QUERY_CUT = Arrays.copyOf(QUERY, 8);
  private static final byte[] REST = Arrays.copyOfRange(QUERY, 8, QUERY.length);

  @ParameterizedTest(name = "{0}")
  @MethodSource("committing")
  void whatCouldCommitIsKeptBack(
      String what, UnaryOperator<Conversation> before, UnaryOperator<Conversation> sent)
      throws RestOfStreamException {
    before.apply(Conversation.begin()).play(tap);
    end();
    assertThat(written(sent.apply(more()))).isFalse();
    assertThat(tap.log().unanswered(true)).isEqualTo(NONE);
    assertThat(tap.log().commitUnanswered()).isFalse();
    assertThat(tap.log().mayStillRun()).isFalse();
    assertThat(looks).hasValue(1);
    assertThat(written(more().send('X', new byte[0]))).as("nothing behind a gap").isFalse();
    assertThat(written(more().query("insert"))).isFalse();
    assertThat(tap.log().unanswered(true)).isEqualTo(NONE);
    more().ended("57P01", "ProcessInterrupts").play(tap);
    tap.received(new byte[0], 0, -1);
    assertThat(tap.log().unanswered(true)).isEqualTo(NONE);
    assertThat(tap.log().commitUnanswered()).isFalse();
    assertThat(looks).hasValue(1);
  }

  /** They came in one piece with the last answer, so that the socket has no more of them. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("committing")
  void lastWordsThatTheDriverHasTakenAlreadyCountAsWell(
      String what, UnaryOperator<Conversation> before, UnaryOperator<Conversation> sent)
      throws RestOfStreamException {
    before.apply(Conversation.begin()).ended("57P01", "ProcessInterrupts").play(tap);
    assertThat(written(sent.apply(more()))).isFalse();
    assertThat(tap.log().unanswered(true)).isEqualTo(NONE);
    assertThat(tap.log().commitUnanswered()).isFalse();
  }

  /** Whoever is in between may say that the session goes on: it doesn't with this connection. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("committing")
  void whatWasKeptBackIsNotThereThoughTheServerIsReady(
      String what, UnaryOperator<Conversation> before, UnaryOperator<Conversation> sent)
      throws RestOfStreamException {
    before.apply(Conversation.begin()).play(tap);
    long moment = tap.log().moment();
    end();
    assertThat(written(sent.apply(more()))).isFalse();
    assertThat(tap.isMute()).isTrue();
    assertThat(tap.log().isOver()).isTrue();
    more().ended("57P01", "ProcessInterrupts").ready('I').play(tap);
    assertThat(tap.log().isOver()).isTrue();
    assertThat(tap.log().effectsSince(moment)).isEqualTo(NONE);
    assertThat(written(more().query("insert"))).isFalse();
    assertThat(tap.log().unanswered(true)).isEqualTo(NONE);
  }

  static Stream<Arguments> others() {
    return Stream.of(
        row("a query", c -> c, c -> c.query("select 1")),
        row("a write in a block", KeptBackTest::begun, c -> c.query("insert into t values (1)")),
        row("a rollback", KeptBackTest::begun, c -> c.query("rollback")),
        row("a write without its Sync", c -> c, c -> c.extended("insert")),
        row("a goodbye", c -> c, c -> c.send('X', new byte[0])));
  }

  /** It costs no look, and fails as ever. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("others")
  void whatCouldNotCommitIsWritten(
      String what, UnaryOperator<Conversation> before, UnaryOperator<Conversation> sent)
      throws RestOfStreamException {
    before.apply(Conversation.begin()).play(tap);
    end();
    assertThat(written(sent.apply(more()))).isTrue();
    assertThat(looks).hasValue(0);
  }

  /** Then nobody could tell what becomes of that. */
  @Test
  void nothingIsKeptBackBehindWhatCouldCommitAlready() throws RestOfStreamException {
    Conversation.begin().query("insert").play(tap);
    assertThat(looks).hasValue(1);
    end();
    assertThat(written(more().query("insert"))).isTrue();
    assertThat(tap.log().unanswered(true)).isEqualTo(IN_DOUBT);
    assertThat(looks).hasValue(0);
  }

  /** A query may have written, by a function; it was sent, and has no answer. */
  @Test
  void nothingIsKeptBackBehindAQueryWithoutAnAnswer() throws RestOfStreamException {
    Conversation.begin().query("select f()").play(tap);
    end();
    assertThat(written(more().query("insert"))).isTrue();
    assertThat(tap.log().unanswered(true)).isEqualTo(IN_DOUBT);
    assertThat(looks).hasValue(0);
  }

  private static Arguments words(boolean farewell, Conversation said) {
    return Arguments.of(farewell, said.bytes());
  }

  static Stream<Arguments> words() {
    Conversation end = more().ended("57P01", "ProcessInterrupts");
    byte[] whole = end.bytes();
    return Stream.of(
        words(true, end),
        words(true, more().error("PANIC", "XX000")),
        words(true, more().errorOf("SFATAL", "C08P01", "Mquery_wait_timeout")),
        words(
            true,
            more()
                .answer('N', new byte[5])
                .answer('S', new byte[7])
                .answer('A', new byte[9])
                .ended("57P01", "ProcessInterrupts")),
        words(true, more().raw(false, Arrays.copyOf(whole, whole.length - 9))), // it may be cut off
        words(false, more().raw(false, Arrays.copyOf(whole, 8))),
        words(false, more().error("ERROR", "57014")),
        words(false, more().answer('N', new byte[5])),
        words(false, more().ready('T').ended("57P01", "ProcessInterrupts")),
        words(false, more().raw(false, (byte) 'N', (byte) 127, (byte) -1, (byte) -1, (byte) -1)),
        words(false, more().raw(false, (byte) 'E', (byte) 0, (byte) 0, (byte) 0, (byte) 0)),
        words(false, more().raw(false, (byte) 'N', (byte) -1, (byte) 0, (byte) 0, (byte) 0)),
        words(false, more()));
  }

  @ParameterizedTest
  @MethodSource("words")
  void lastWordsAreKnownAheadOfTheirReading(boolean farewell, byte[] next) {
    Conversation.begin().play(tap);
    assertThat(tap.isFarewell(next)).isEqualTo(farewell);
    assertThat(tap.log().isOver()).as("nothing was read").isFalse();
  }

  @Test
  void withinAMessageTheyAreNotKnown() {
    byte[] end = more().ended("57P01", "ProcessInterrupts").bytes();
    Conversation.begin().raw(false, (byte) 'N', (byte) 0).play(tap);
    assertThat(tap.isFarewell(end)).isFalse();
  }
}
