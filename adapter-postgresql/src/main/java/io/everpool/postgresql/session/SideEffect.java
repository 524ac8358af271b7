package io.everpool.postgresql.session;

import io.everpool.api.driver.SideEffects;
import java.util.ArrayList;
import java.util.List;

/** The bits of {@link SessionReset} as the pool has them: as kinds that it need not understand. */
public enum SideEffect implements SideEffects.Kind {
  SETTINGS(SessionReset.SETTINGS),
  ROLE(SessionReset.ROLE),
  LISTEN(SessionReset.LISTEN),
  TEMPORARY(SessionReset.TEMPORARY),
  ADVISORY_LOCK(SessionReset.ADVISORY_LOCK),
  CURSOR(SessionReset.CURSOR),
  PREPARED(SessionReset.PREPARED),
  PATH(SessionReset.PATH),
  SEQUENCES(SessionReset.SEQUENCES);

  private static final SideEffect[] ALL = values();

  /** One object for each set of bits, so that the pool's usual case is a comparison of two. */
  private static final SideEffects[] SETS = sets();

  private final int bit;

  SideEffect(int bit) {
    this.bit = bit;
  }

  private static SideEffects[] sets() {
    SideEffects[] sets = new SideEffects[SessionReset.ANYTHING + 1];
    for (int bits = 0; bits < sets.length; bits++) {
      List<SideEffect> kinds = new ArrayList<>();
      for (SideEffect kind : ALL) {
        if ((bits & kind.bit) != 0) {
          kinds.add(kind);
        }
      }
      sets[bits] = SideEffects.of(kinds);
    }
    return sets;
  }

  /** The bits as the pool has them. */
  public static SideEffects set(int bits) {
    return SETS[bits];
  }

  /** The bits; what kinds others have added are not for this adapter. */
  public static int bits(SideEffects sideEffects) {
    int bits = 0;
    for (SideEffect kind : ALL) {
      bits |= sideEffects.has(kind) ? kind.bit : 0;
    }
    return bits;
  }
}
