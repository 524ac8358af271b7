package io.everpool.postgresql.protocol;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.Effects;
import io.everpool.api.driver.StreamedData;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CopyStartsTest {
  private static Conversation copy(Conversation c, String... data) {
    c.query("copy t from stdin").answer('G', new byte[3]);
    for (String each : data) {
      c.send('d', each.getBytes(US_ASCII));
    }
    return c;
  }

  private static Conversation whole(Conversation c, String... data) {
    return copy(c, data).send('c', new byte[0]).complete("COPY 9").ready('I');
  }

  private static StreamedData sent(String data, boolean whole) {
    CRC32C sum = new CRC32C();
    byte[] bytes = data.getBytes(US_ASCII);
    sum.update(bytes, 0, Math.min(bytes.length, CopiedStreams.LONGEST_BEGINNING));
    return new StreamedData(bytes.length, whole, (int) sum.getValue());
  }

  private static StreamedData cut(String data) {
    return sent(data, false);
  }

  private static StreamedData ended(String data) {
    return sent(data, true);
  }

  /** What a run before has streamed, and what a further one sends; whether that may be a rest. */
  static Stream<Arguments> pairs() {
    return Stream.of(
        Arguments.of(ended("abc"), "", true),
        Arguments.of(ended("abc"), "abc", false),
        Arguments.of(ended("abc"), "xyz", false),
        Arguments.of(ended(""), "", false),
        Arguments.of(ended(""), "abc", false),
        Arguments.of(cut("abc"), "", true),
        Arguments.of(cut("abc"), "abc", false),
        Arguments.of(cut("abc"), "ab", true),
        Arguments.of(cut("abc"), "abcd", false),
        Arguments.of(cut("abc"), "bc", true),
        Arguments.of(cut("abc"), "abd and more", true),
        Arguments.of(cut(""), "", true),
        Arguments.of(cut(""), "abc", true),
        Arguments.of(cut("x".repeat(10_000)), "x".repeat(10_000), false),
        Arguments.of(cut("x".repeat(10_000)), "x".repeat(9_999), true),
        Arguments.of(cut("x".repeat(10_000)), "x".repeat(9_999) + "y" + "x".repeat(10_000), true),
        Arguments.of(cut("x".repeat(10_000)), "x".repeat(10_000) + "y", false),
        Arguments.of(
            cut("x".repeat(2_000_000)), "x".repeat(1_048_575) + "y".repeat(2_000_000), true),
        Arguments.of(cut("x".repeat(2_000_000)), "x".repeat(1_999_999), true),
        Arguments.of(cut("x".repeat(2_000_000)), "x".repeat(2_000_000), false));
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void whatMayBeARestIsCutBeforeItsEnd(StreamedData before, String data, boolean rest) {
    Random random = new Random(data.length());
    for (int times = data.length() > 20_000 ? 19 : 0; times < 20; times++) {
      AtomicBoolean closed = new AtomicBoolean();
      ProtocolTap tap = new ProtocolTap(() -> closed.set(true), () -> false);
      Conversation.begin().play(tap);
      tap.log().expectStreamed(List.of(before));
      long moment = tap.log().moment();
      int half = data.length() / 2;
      Conversation c = Conversation.unopened();
      if (data.isEmpty()) {
        whole(c);
      } else {
        whole(c, data.substring(0, half), data.substring(half));
      }
      if (rest) {
        assertThatThrownBy(() -> c.play(tap, random)).hasMessageContaining("within the work");
        assertThatThrownBy(() -> Conversation.unopened().query("select").play(tap))
            .as("nor what comes after it")
            .hasMessageContaining("within the work");
        assertThat(tap.log().effectsSince(moment)).isEqualTo(Effects.NONE);
        assertThat(tap.log().isRefused()).isTrue();
        assertThat(closed).isTrue();
      } else {
        assertThatCode(() -> c.play(tap, random)).doesNotThrowAnyException();
        assertThat(tap.log().isRefused()).isFalse();
        assertThat(closed).isFalse();
        assertThat(tap.log().effectsSince(moment)).isEqualTo(Effects.COMMITTED);
      }
    }
  }

  @Test
  void eachIsComparedWithItsLikeAndThoseBehindWithNone() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().play(tap);
    tap.log().expectStreamed(List.of(ended("a"), cut("b")));
    whole(Conversation.unopened(), "other").play(tap);
    whole(Conversation.unopened(), "bc").play(tap);
    whole(Conversation.unopened()).play(tap);
    assertThat(tap.log().streamedSince(0)).hasSize(3);
  }

  @Test
  void nothingIsComparedAnyMoreWhenThatIsSaid() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().play(tap);
    tap.log().expectStreamed(List.of(cut("b")));
    tap.log().expectStreamed(List.of());
    whole(Conversation.unopened(), "a").play(tap);
    assertThat(tap.log().effectsSince(0)).isEqualTo(Effects.COMMITTED);
  }

  @Test
  void whatWasStreamedBeforeTheMomentIsNotTold() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    whole(Conversation.begin(), "a").play(tap);
    long moment = tap.log().moment();
    assertThat(tap.log().streamedSince(moment)).isEmpty();
    copy(Conversation.unopened(), "b").play(tap);
    assertThat(tap.log().streamedSince(moment))
        .singleElement()
        .hasToString("StreamedData[1 bytes, cut]");
    assertThat(tap.log().streamedSince(0))
        .extracting(Object::toString)
        .containsExactly("StreamedData[1 bytes, whole]", "StreamedData[1 bytes, cut]");
  }

  /** A connection may have any number of them, at most so many of which are kept. */
  @Test
  void onlyOfATimeOfWhichSomethingWasForgottenNothingIsTold() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().play(tap);
    long early = tap.log().moment();
    whole(Conversation.unopened(), "a").play(tap);
    long second = tap.log().moment();
    for (int i = 1; i < CopiedStreams.MOST; i++) {
      whole(Conversation.unopened(), "a").play(tap);
    }
    assertThat(tap.log().streamedSince(early)).hasSize(CopiedStreams.MOST);
    whole(Conversation.unopened(), "a").play(tap);
    assertThat(tap.log().streamedSince(early)).isEmpty();
    assertThat(tap.log().streamedSince(second)).hasSize(CopiedStreams.MOST);
  }

  /** What a replication client sends is no COPY's data. */
  @Test
  void nothingElseIsTakenForData() {
    ProtocolTap tap = new ProtocolTap(() -> {}, () -> false);
    Conversation.begin().query("start_replication").answer('W', new byte[3]).play(tap);
    tap.log().expectStreamed(List.of(cut("b")));
    Conversation.unopened().send('d', new byte[34]).send('c', new byte[0]).play(tap);
    assertThat(tap.log().streamedSince(0)).isEmpty();
  }
}
