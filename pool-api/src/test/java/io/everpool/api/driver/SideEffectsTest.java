package io.everpool.api.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SideEffectsTest {

  private enum Kind implements SideEffects.Kind {
    A,
    B,
    C
  }

  /** Every value there is over three kinds, exposed and not, each an object of its own. */
  private static List<SideEffects> all() {
    List<Set<Kind>> sets = new ArrayList<>(List.of(Set.of()));
    for (Kind kind : Kind.values()) {
      for (Set<Kind> without : List.copyOf(sets)) {
        Set<Kind> with = EnumSet.of(kind);
        with.addAll(without);
        sets.add(with);
      }
    }
    List<SideEffects> all = new ArrayList<>();
    for (Set<Kind> kinds : sets) {
      all.add(SideEffects.of(kinds));
      all.add(SideEffects.of(kinds).and(SideEffects.EXPOSED));
    }
    return all;
  }

  private static boolean includes(SideEffects one, SideEffects other) {
    boolean kinds = true;
    for (Kind kind : Kind.values()) {
      kinds &= one.has(kind) || !other.has(kind);
    }
    return kinds && (one.isExposed() || !other.isExposed());
  }

  @Test
  void allThatEitherHasIsInBothTogether() {
    for (SideEffects one : all()) {
      for (SideEffects other : all()) {
        SideEffects both = one.and(other);
        for (Kind kind : Kind.values()) {
          assertThat(both.has(kind)).isEqualTo(one.has(kind) || other.has(kind));
        }
        assertThat(both.isExposed()).isEqualTo(one.isExposed() || other.isExposed());
        assertThat(both).isEqualTo(other.and(one)).hasSameHashCodeAs(other.and(one));
      }
    }
  }

  /** A statement executed again and again must not cost an object each time. */
  @Test
  void whatIsKnownAlreadyMakesNoNewObject() {
    for (SideEffects one : all()) {
      for (SideEffects other : all()) {
        if (includes(one, other)) {
          assertThat(one.and(other)).isSameAs(one);
        } else if (includes(other, one)) {
          assertThat(one.and(other)).isSameAs(other);
        }
      }
    }
  }

  @Test
  void nothingIsOneObject() {
    assertThat(SideEffects.of()).isSameAs(SideEffects.NONE);
    for (SideEffects one : all()) {
      boolean any = one.isExposed() || one.hasKinds();
      assertThat(one.isNone()).isEqualTo(!any).isEqualTo(one.equals(SideEffects.NONE));
    }
  }

  /** It is there for who asks, and makes nothing that has to be cleared. */
  @Test
  void whatEndsWithItsTransactionIsNotLeft() {
    SideEffects.Kind passing =
        new SideEffects.Kind() {
          @Override
          public boolean outlivesTransaction() {
            return false;
          }
        };
    SideEffects.Kind lasting = new SideEffects.Kind() {};
    SideEffects one = SideEffects.of(passing);
    assertThat(one.has(passing)).isTrue();
    assertThat(one.isNone()).isFalse();
    assertThat(one.hasKinds()).isFalse();
    assertThat(one.mayBeLeft()).isFalse();
    assertThat(one.and(SideEffects.EXPOSED).mayBeLeft()).isTrue();
    assertThat(one.and(SideEffects.EXPOSED).hasKinds()).isFalse();
    assertThat(one.and(SideEffects.of(lasting)).hasKinds()).isTrue();
  }

  @Test
  void equalsByWhatIsThereAndNotByTheOrder() {
    List<SideEffects> all = all();
    List<SideEffects> again = all();
    for (int i = 0; i < all.size(); i++) {
      for (int j = 0; j < again.size(); j++) {
        assertThat(all.get(i).equals(again.get(j))).isEqualTo(i == j);
      }
    }
    assertThat(SideEffects.of(Kind.A, Kind.C)).isEqualTo(SideEffects.of(Kind.C, Kind.A));
  }

  @Test
  void saysWhatItIs() {
    assertThat(SideEffects.NONE).hasToString("[]");
    assertThat(SideEffects.EXPOSED).hasToString("[] and exposed");
    assertThat(SideEffects.of(Kind.B).and(SideEffects.of(Kind.A))).hasToString("[B, A]");
  }

  /** What is handed in may be changed afterwards. */
  @Test
  void isACopy() {
    Set<Kind> kinds = EnumSet.of(Kind.A);
    SideEffects effects = SideEffects.of(kinds);
    kinds.add(Kind.B);
    assertThat(effects.has(Kind.B)).isFalse();
  }
}
