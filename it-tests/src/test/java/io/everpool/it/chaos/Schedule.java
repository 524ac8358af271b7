package io.everpool.it.chaos;

import io.everpool.servers.FaultProxy.Cut;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * The strikes that a seed stands for, one after the other: a pack of cards with all kinds in it is
 * shuffled and dealt, and again. What else is drawn doesn't depend on the kind, so the same seed
 * gives the same strikes, however they go. Not thread-safe.
 */
final class Schedule {
  /** How many strikes there are in a pack. */
  static final int PACK = Arrays.stream(Fault.values()).mapToInt(Fault::weight).sum();

  private static final int SHORTEST_PAUSE_MILLIS = 100;
  private static final int PAUSE_MILLIS = 400;
  private static final int SHORTEST_MILLIS = 50;
  private static final int USUAL_MILLIS = 700;
  private static final int LONG_MILLIS = 4_000;
  private static final int ONE_IN_THIS_MANY_IS_LONG = 8;

  private final Random random;
  private final Deque<Fault> pack = new ArrayDeque<>();

  Schedule(long seed) {
    random = new Random(seed);
  }

  Strike next() {
    if (pack.isEmpty()) {
      List<Fault> cards = new ArrayList<>();
      for (Fault fault : Fault.values()) {
        cards.addAll(Collections.nCopies(fault.weight(), fault));
      }
      Collections.shuffle(cards, random);
      pack.addAll(cards);
    }
    int victim = random.nextInt(Integer.MAX_VALUE);
    Cut cut = random.nextBoolean() ? Cut.RST : Cut.FIN;
    boolean usual = random.nextInt(ONE_IN_THIS_MANY_IS_LONG) > 0;
    int length = SHORTEST_MILLIS + random.nextInt(USUAL_MILLIS);
    int pause = SHORTEST_PAUSE_MILLIS + random.nextInt(PAUSE_MILLIS);
    return new Strike(
        pack.pop(),
        victim,
        cut,
        Duration.ofMillis(usual ? length : LONG_MILLIS),
        Duration.ofMillis(pause));
  }
}
