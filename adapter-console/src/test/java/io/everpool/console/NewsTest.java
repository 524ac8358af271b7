package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.console.News.Weight;
import io.everpool.core.Everpool;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of event has words of its own. */
class NewsTest {

  static Stream<Class<?>> kinds() {
    return Arrays.stream(PoolEvent.class.getDeclaredClasses()).filter(Class::isRecord);
  }

  /** An event of a pool of H2's in which every number is 7 and every text says something. */
  private static PoolEvent made(Class<?> kind, Pool pool) throws ReflectiveOperationException {
    RecordComponent[] components = kind.getRecordComponents();
    Object[] values = Arrays.stream(components).map(each -> value(each, pool)).toArray();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    return (PoolEvent) kind.getDeclaredConstructor(types).newInstance(values);
  }

  private static Object value(RecordComponent component, Pool pool) {
    Class<?> type = component.getType();
    if (type == long.class) {
      return 7L;
    }
    if (type == int.class) {
      return 7;
    }
    if (type == Pool.class) {
      return pool;
    }
    if (type == boolean.class) {
      return true;
    }
    if (type == List.class) {
      return List.of();
    }
    return type.isEnum() ? type.getEnumConstants()[0] : "the " + component.getName() + "\nand more";
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void it_is_told_in_a_line(Class<?> kind) throws Exception {
    PoolConfig config = PoolConfig.builder("jdbc:h2:mem:news").minSize(0).build();
    try (Pool pool = Everpool.open(config)) {
      News news = News.of(made(kind, pool));
      assertThat(news.what()).isNotEqualTo(kind.getSimpleName()).hasSizeGreaterThan(5);
      boolean hasConnection =
          Arrays.stream(kind.getRecordComponents())
              .anyMatch(each -> each.getName().equals("connection"));
      assertThat(news.connection()).isEqualTo(hasConnection ? 7 : 0);
      if (Arrays.stream(kind.getRecordComponents())
          .anyMatch(each -> each.getName().equals("message"))) {
        assertThat(news.what() + news.detail()).doesNotContain("and more");
      }
    }
  }

  @Test
  void one_that_is_not_known_yet_is_told_by_its_name() {
    record Invented(String pool) implements PoolEvent {}
    assertThat(News.of(new Invented("shop")).what()).isEqualTo("Invented");
  }

  @ParameterizedTest
  @EnumSource(CloseReason.class)
  void a_connection_that_was_ended_by_others_is_notable(CloseReason reason) {
    boolean daily =
        switch (reason) {
          case FOUND_DEAD, FAILED, FENCED, RESET_FAILED, ABORTED, ABANDONED -> false;
          default -> true;
        };
    News news = News.of(new PoolEvent.ConnectionClosed("shop", 3, reason, 1, 0));
    assertThat(news.weight()).isEqualTo(daily ? Weight.ROUTINE : Weight.NOTABLE);
    assertThat(news.what()).isEqualTo("closed: " + reason.label());
  }

  @Test
  void a_commit_that_nobody_could_be_asked_about_was_not_looked_up() {
    News news = News.of(new PoolEvent.CommitResolved("shop", "", CommitStatus.UNKNOWN));
    assertThat(news.what()).isEqualTo("COMMIT without an answer, and nobody to ask: unknown");
    assertThat(news.detail()).isEmpty();
  }

  @Test
  void a_write_of_which_nobody_knows_is_an_alarm() {
    News news = News.of(new PoolEvent.WriteUnknown("shop", 3));
    assertThat(news.weight()).isEqualTo(Weight.ALARM);
    assertThat(news.connection()).isEqualTo(3);
    assertThat(news.what()).isEqualTo("lost a write's answer");
  }

  /** The pool may have taken it from its holder. */
  @Test
  void a_suspect_that_is_out_no_longer_is_not_said_to_have_come_back() {
    News news = News.of(new PoolEvent.LeakEnded("shop", 3, "main #1", 61_000_000_000L));
    assertThat(news.what()).isEqualTo("is out no longer");
    assertThat(news.detail()).isEqualTo(", after 61 s with main #1");
  }

  /** Somebody has to look for that write: it is no less than a unit that isn't run again. */
  @ParameterizedTest
  @EnumSource(CommitStatus.class)
  void a_commit_of_which_nobody_knows_is_an_alarm(CommitStatus status) {
    Weight weight =
        switch (status) {
          case COMMITTED, ABORTED -> Weight.NOTABLE;
          case IN_PROGRESS, UNKNOWN -> Weight.ALARM;
        };
    assertThat(News.of(new PoolEvent.CommitResolved("shop", "", status)).weight())
        .isEqualTo(weight);
    assertThat(News.of(new PoolEvent.CommitResolved("shop", "7", status)).weight())
        .isEqualTo(weight);
  }

  @ParameterizedTest
  @CsvSource({
    "40000, 0.0 ms",
    "1540000, 1.5 ms",
    "340000000, 340 ms",
    "1200000000, 1.2 s",
    "59000000000, 59 s",
    "300000000000, 5 min",
    "10800000000000, 3 h"
  })
  void times_are_short(long nanos, String text) {
    assertThat(News.time(nanos)).isEqualTo(text);
  }
}
