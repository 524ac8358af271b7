package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A session's marks, and those of its texts, share one word. */
class SessionMarksTest {
  private static final Set<String> NO_MARKS = Set.of("FEWEST_TO_SWEEP", "PLACES", "LONGEST_KEPT");

  @Test
  void no_two_marks_are_one() throws IllegalAccessException {
    Map<Integer, String> marks = new TreeMap<>();
    for (Field field : fields().toList()) {
      field.setAccessible(true);
      int value = field.getInt(null);
      if (Integer.bitCount(value) == 1) {
        assertThat(marks.put(value, field.getName())).as("shares its bit with %s", field).isNull();
      }
    }
    assertThat(marks).containsValues("CALLS", "BEGUN_ASIDE", "RAN");
  }

  private static Stream<Field> fields() {
    return Stream.of(SessionMarks.class, SqlTexts.class)
        .flatMap(type -> Stream.of(type.getDeclaredFields()))
        .filter(field -> field.getType() == int.class && Modifier.isStatic(field.getModifiers()))
        .filter(field -> !NO_MARKS.contains(field.getName()));
  }
}
