package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolerMode;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PrimaryBehindPoolerTest {

  /** The next opening is another one, with what goes through a pooler; of however many hosts. */
  @Test
  void aPoolerThatIsFoundByTheFirstOpeningIsNoHostThatWasTurnedAway() {
    AtomicInteger openings = new AtomicInteger();
    PrimaryBehindPooler primaries =
        new PrimaryBehindPooler("primary", new Pooler(PoolerMode.AUTO), () -> false);
    assertThatThrownBy(
            () ->
                primaries.open(
                    (said, authority, hosts, nanos) -> {
                      openings.incrementAndGet();
                      throw new Pooler.Found();
                    },
                    Map.of(),
                    "a:5432,b:5432",
                    2,
                    1_000_000_000L))
        .isInstanceOf(Pooler.Found.class);
    assertThat(openings).hasValue(1);
  }
}
