package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A text is read in a time that grows with it and no faster. What grows with its square would take
 * minutes for these, so the limit tells nothing of how busy the machine is.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LongTextsTest {
  private static final int LENGTH = 2_000_000;

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "WITH a AS (SELECT 1) SELECT * FROM a;",
        "explain select 1;",
        "copy a to stdout;",
        "declare a cursor for select 1;",
        "(;",
        "a(",
        "/*;",
        "/*;*/",
        "--;\n",
        "';--'",
        "';/*'",
        "$a$;",
        "E'\\'",
        "\";",
        "begin;",
        "\u0130",
        "\u03a3",
        "\u0130;"
      })
  void takesTimeInProportion(String unit) {
    String text = "select 'a'; " + unit.repeat(LENGTH / unit.length());
    assertThat(SqlTexts.marks(text) & SqlTexts.ISOLATES).isZero();
  }
}
