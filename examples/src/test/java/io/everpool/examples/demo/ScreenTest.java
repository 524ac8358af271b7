package io.everpool.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScreenTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  @Test
  void withoutATerminalThereAreLinesAndNothingElse() {
    Screen screen = new Screen(out, false);
    screen.say("one");
    screen.strike("two");

    assertThat(text().lines())
        .hasSize(2)
        .allMatch(line -> line.matches(" *\\d+\\.\\ds  (>>> )?(one|two)"));
  }

  @Test
  void onATerminalAColourEndsWithItsLine() {
    new Screen(out, true).strike("two");

    assertThat(text())
        .startsWith("\u001b[31m")
        .endsWith(">>> two\u001b[0m" + System.lineSeparator());
  }

  @Test
  void theColumnsOfATableAreAligned() {
    new Screen(out, false).table(List.of(new Screen.Row("a", "1"), new Screen.Row("longer", "2")));

    assertThat(text().lines()).containsExactly("  a       1", "  longer  2");
  }

  private String text() {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
