package io.everpool.postgresql.protocol;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.Effects;
import io.everpool.api.driver.StreamedData;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CopyStartsTest {
  private static final String LONG = "x".repeat(10_000);

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

  private static StreamedData cut(String start) {
    return new StreamedData(start.getBytes(US_ASCII), false);
  }

  private static StreamedData ended(String start) {
    return new StreamedData(start.getBytes(US_ASCII), true);
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
        Arguments.of(cut("abc"), "ab", false),
        Arguments.of(cut("abc"), "abcd", false),
        Arguments.of(cut("abc"), "bc", true),
        Arguments.of(cut("abc"), "xyz", true),
        Arguments.of(cut(""), "", true),
        Arguments.of(cut(""), "abc", true),
        Arguments.of(cut(LONG), LONG, false),
        Arguments.of(cut(LONG), "x".repeat(255) + "y", true),
        Arguments.of(cut(LONG), "x".repeat(256) + "y", false));
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void whatMayBeARestIsCutBeforeItsEnd(StreamedData before, String data, boolean rest) {
    Random random = new Random(data.length());
    for (int times = 0; times < 20; times++) {
      ProtocolTap tap = new ProtocolTap();
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
        assertThat(tap.log().streamedSince(moment))
            .singleElement()
            .matches(now -> now.mayBeRestOf(before));
      } else {
        assertThatCode(() -> c.play(tap, random)).doesNotThrowAnyException();
        assertThat(tap.log().effectsSince(moment)).isEqualTo(Effects.COMMITTED);
      }
    }
  }

  @Test
  void eachIsComparedWithItsLikeAndThoseBehindWithNone() {
    ProtocolTap tap = new ProtocolTap();
    Conversation.begin().play(tap);
    tap.log().expectStreamed(List.of(ended("a"), cut("b")));
    whole(Conversation.unopened(), "other").play(tap);
    whole(Conversation.unopened(), "bc").play(tap);
    whole(Conversation.unopened()).play(tap);
    assertThat(tap.log().streamedSince(0)).hasSize(3);
  }

  @Test
  void nothingIsComparedAnyMoreWhenThatIsSaid() {
    ProtocolTap tap = new ProtocolTap();
    Conversation.begin().play(tap);
    tap.log().expectStreamed(List.of(cut("b")));
    tap.log().expectStreamed(List.of());
    whole(Conversation.unopened(), "a").play(tap);
    assertThat(tap.log().effectsSince(0)).isEqualTo(Effects.COMMITTED);
  }

  @Test
  void whatWasStreamedBeforeTheMomentIsNotTold() {
    ProtocolTap tap = new ProtocolTap();
    whole(Conversation.begin(), "a").play(tap);
    long moment = tap.log().moment();
    assertThat(tap.log().streamedSince(moment)).isEmpty();
    copy(Conversation.unopened(), "b").play(tap);
    assertThat(tap.log().streamedSince(moment))
        .singleElement()
        .hasToString("StreamedData[begun, cut]");
    assertThat(tap.log().streamedSince(0))
        .extracting(Object::toString)
        .containsExactly("StreamedData[begun, whole]", "StreamedData[begun, cut]");
  }

  /** A lease may have any number of them. */
  @Test
  void nothingIsToldOfATimeOfWhichSomethingWasForgotten() {
    ProtocolTap tap = new ProtocolTap();
    Conversation.begin().play(tap);
    for (int i = 0; i < CopyStarts.MOST; i++) {
      whole(Conversation.unopened(), "a").play(tap);
    }
    assertThat(tap.log().streamedSince(0)).hasSize(CopyStarts.MOST);
    long late = tap.log().moment();
    whole(Conversation.unopened(), "a").play(tap);
    assertThat(tap.log().streamedSince(0)).isEmpty();
    assertThat(tap.log().streamedSince(late)).hasSize(1);
  }

  /** What a replication client sends is no COPY's data. */
  @Test
  void nothingElseIsTakenForData() {
    ProtocolTap tap = new ProtocolTap();
    Conversation.begin().query("start_replication").answer('W', new byte[3]).play(tap);
    tap.log().expectStreamed(List.of(cut("b")));
    Conversation.unopened().send('d', new byte[34]).send('c', new byte[0]).play(tap);
    assertThat(tap.log().streamedSince(0)).isEmpty();
  }

  @Test
  void itsTextShowsNoData() {
    assertThat(cut("secret")).hasToString("StreamedData[begun, cut]");
    assertThat(ended("")).hasToString("StreamedData[empty, whole]");
  }
}
