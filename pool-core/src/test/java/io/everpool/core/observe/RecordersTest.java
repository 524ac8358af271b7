package io.everpool.core.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.observe.LeaseRecorder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class RecordersTest {
  private final List<String> told = new ArrayList<>();

  private LeaseRecorder named(String name) {
    return new LeaseRecorder() {
      @Override
      public void acquired(long waitedNanos) {
        told.add(name + " acquired " + waitedNanos);
      }

      @Override
      public void released(long heldNanos) {
        told.add(name + " released " + heldNanos);
      }

      @Override
      public LeaseRecorder ofReader(String pool) {
        return named(name + " of " + pool);
      }
    };
  }

  private static LeaseRecorder failing(Error failure) {
    return new LeaseRecorder() {
      @Override
      public void acquired(long waitedNanos) {
        throw failure;
      }

      @Override
      public void released(long heldNanos) {
        throw failure;
      }
    };
  }

  private static LeaseRecorder all(LeaseRecorder... recorders) {
    return Objects.requireNonNull(Recorders.of("pool", List.of(recorders), () -> 0));
  }

  @Test
  void noneIsNoneAndOneIsItself() {
    LeaseRecorder one = named("a");
    assertThat(Recorders.of("pool", List.of(), () -> 0)).isNull();
    assertThat(Recorders.of("pool", List.of(one), () -> 0)).isSameAs(one);
  }

  @Test
  void eachIsToldWhateverAnotherThrows() {
    LeaseRecorder all = all(named("a"), failing(new StackOverflowError()), named("b"));

    all.acquired(1);
    all.released(2);

    assertThat(told)
        .containsExactly("a acquired 1", "b acquired 1", "a released 2", "b released 2");
  }

  @Test
  void eachMayTellReadersApart() {
    all(named("a"), named("b")).ofReader("reader").acquired(1);

    assertThat(told).containsExactly("a of reader acquired 1", "b of reader acquired 1");
  }
}
