package io.everpool.postgresql.failure;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** docs/failures.md, against the code: who must decide by a table that is out of date errs. */
class FailuresPageTest {
  private static final Path PAGE = Path.of("..", "docs", "failures.md");
  private static final String BEGIN = "<!-- the rules; generated -->";
  private static final String HEAD =
      """
      | when | SQLState begins with | message contains | cause | verdict |
      | --- | --- | --- | --- | --- |
      """;
  private static final String END = "<!-- until here -->";

  /** If this fails, the table to put there is in {@code target/failures-table.md}. */
  @Test
  void theTableIsTheRules() throws IOException {
    String table = table();
    Files.writeString(Path.of("target", "failures-table.md"), table);
    String page = Files.readString(PAGE);

    assertThat(page).contains(BEGIN, END);
    assertThat(page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END)).strip())
        .as("docs/failures.md: put there what is in adapter-postgresql/target/failures-table.md")
        .isEqualTo(table.strip());
  }

  @Test
  void everyVerdictIsExplained() throws IOException {
    String page = Files.readString(PAGE);
    for (Verdict verdict : Verdict.values()) {
      assertThat(page).contains("| `" + verdict + "` | ");
    }
  }

  private static String table() {
    return FailureRules.TABLE.stream()
        .map(FailuresPageTest::row)
        .collect(Collectors.joining("\n", HEAD, "\n"));
  }

  private static String row(FailureRule rule) {
    String cause = rule.cause() == null ? "" : "`" + rule.cause().getSimpleName() + "`";
    return "| "
        + when(rule.scope())
        + " | "
        + alternatives(rule.states(), "`", "`")
        + " | "
        + alternatives(rule.words(), "*", "*")
        + " | "
        + cause
        + " | `"
        + rule.verdict()
        + "` |";
  }

  private static String when(FailureRule.Scope scope) {
    return switch (scope) {
      case ALWAYS -> "always";
      case CONNECTING -> "connecting";
      case DRIVER -> "connecting, and not said by the server";
      case ENDED -> "connecting, or the session ended";
      case POOLER -> "connecting, or the session ended, or a pooler says it";
      case FATAL -> "the server calls it FATAL or PANIC, in whatever language";
    };
  }

  private static String alternatives(List<String> alternatives, String before, String after) {
    return alternatives.stream()
        .map(text -> before + text + after)
        .collect(Collectors.joining(", "));
  }
}
