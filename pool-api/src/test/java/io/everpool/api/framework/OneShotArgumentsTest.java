package io.everpool.api.framework;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OneShotArgumentsTest {
  private final OneShotArguments oneShots = new OneShotArguments();
  private final Iterator<String> rows = List.of("a").iterator();

  @Test
  void containersOfTheJdkAreLookedInto() {
    assertThat(
            oneShots.in(
                rows,
                List.of(rows),
                Map.of("rows", rows),
                Optional.of(rows),
                new Object[] {List.of(Set.of(rows))}))
        .containsExactly(rows, rows, rows, rows, rows);
  }

  /**
   * A lazy collection of Hibernate's fails there, or loads what it has; a remote map asks for it.
   */
  @Test
  void othersAreAskedForNothing() {
    List<Object> list =
        new AbstractList<>() {
          @Override
          public Object get(int index) {
            throw new AssertionError("read");
          }

          @Override
          public int size() {
            throw new AssertionError("read");
          }
        };
    Map<Object, Object> map =
        new AbstractMap<>() {
          @Override
          public Set<Entry<Object, Object>> entrySet() {
            throw new AssertionError("read");
          }
        };
    assertThat(oneShots.in(list, map)).isEmpty();
  }
}
