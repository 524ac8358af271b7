package io.everpool.postgresql.sql;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A text is read in a time that grows with it and no faster. What grows with its square would take
 * minutes for these, so the limit tells nothing of how busy the machine is.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LongTextsTest {
  private static final int LENGTH = 1_000_000;

  private static final List<String> PIECES =
      List.of(";", "/*", "*/", "--", "\n", "(", "with a ", "insert ", "call f", "'", "x ");

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "WITH a AS (SELECT 1) SELECT * FROM a;",
        "explain select 1;",
        "copy a to stdout;",
        "declare a cursor for select 1;",
        ";",
        "; ",
        "(;",
        "(",
        "/*;",
        "/*;*/",
        "/* */",
        "*/;",
        "--;",
        "--;\n",
        "';--",
        "';/*'",
        "$a$;",
        "$a;",
        "$$;",
        "E'\\';",
        "\";",
        "U&\"\\;",
        "begin;",
        "create function f() begin atomic select 1;",
        "end;",
        "(a;",
        "do $$;"
      })
  void takesTimeInProportion(String unit) {
    byte[] text = bytes("select 1; " + unit.repeat(LENGTH / unit.length()));
    AtomicLong statements = new AtomicLong();
    StatementText.each(text, 0, text.length, true, kind -> statements.incrementAndGet());
    assertThat(statements).hasPositiveValue();
    assertThat(StatementText.mayWriteUnseen(text, 0, text.length, true))
        .isEqualTo(unit.contains("do "));
    assertThat(StatementText.mayAllowWrites(text, 0, text.length)).isEqualTo(unit.contains("U&"));
  }

  /** What follows any semicolon counts, as if the text began there. */
  @Test
  void looksBehindEachSemicolon() {
    each("", 5);
  }

  private static void each(String text, int more) {
    boolean any = false;
    for (int at = 0; at >= 0 && !any; at = next(text, at)) {
      byte[] rest = bytes(text.substring(at));
      any = new StatementText(rest, 0, rest.length, true).writesUnseen(null);
    }
    byte[] whole = bytes(text);
    assertThat(StatementText.mayWriteUnseen(whole, 0, whole.length, true)).as(text).isEqualTo(any);
    if (more > 0) {
      PIECES.forEach(piece -> each(text + piece, more - 1));
    }
  }

  private static int next(String text, int at) {
    int semicolon = text.indexOf(';', at);
    return semicolon < 0 ? -1 : semicolon + 1;
  }
}
