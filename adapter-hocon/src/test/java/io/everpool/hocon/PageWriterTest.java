package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A page with settings that nobody has, and what becomes of it when their table changes. */
class PageWriterTest {

  private static final String PAGE =
      """
      # A pond

      | key | type |
      | --- | --- |
      | `other` | table |

      | key | type | default | meaning |
      | --- | --- | --- | --- |
      | `name` | string | `pond` | Its name. |
      | `cold-from` | duration | `5m` | How cold it may be `there` ([more](#cold)); `0s` for any. |
      | `ducks` | `all`, `some` | `all` | Who may swim, `all` or some ([why](a.md)). |
      | `ice.pause` | duration | `20ms` | How often. |

      | `name` | is a word of another table |
      """;

  private static final List<WrittenSetting> TABLE =
      List.of(
          setting("name", "string", "pond", "Its name."),
          setting("ducks", "`all`, `some`", "all", "Who may swim, all or some."),
          setting("cold-from", "duration", "5m", "How cold it may be there; 0s for any."),
          setting("ice", "", "", "What is done against ice."),
          setting("ice.pause", "duration", "20ms", "How often."));

  private static WrittenSetting setting(String key, String type, String value, String meaning) {
    return new WrittenSetting(key, type, value, value::equals, meaning);
  }

  private static List<WrittenSetting> changed(WrittenSetting now) {
    return TABLE.stream().map(old -> old.key().equals(now.key()) ? now : old).toList();
  }

  private static List<WrittenSetting> with(int at, WrittenSetting added) {
    List<WrittenSetting> table = new ArrayList<>(TABLE);
    table.add(at, added);
    return table;
  }

  private static String edited(String old, String now) {
    assertThat(PAGE).containsOnlyOnce(old);
    return PAGE.replace(old, now);
  }

  @Test
  void whereNothingHasChangedNothingIsWritten() {
    assertThat(PageWriter.written(TABLE, PAGE)).isEqualTo(PAGE);
  }

  /** With the keys that it names as code, and what means off. */
  @Test
  void aNewOneStandsBehindThatBeforeIt() {
    WrittenSetting swans = setting("swans", "integer", "2", "From cold-from on-shore; 0s for 10s.");
    String row = "| `swans` | integer | `2` | From `cold-from` on-shore; `0s` for 10s. |\n";
    assertThat(PageWriter.written(with(2, swans), PAGE))
        .isEqualTo(edited("([why](a.md)). |\n", "([why](a.md)). |\n" + row));
    assertThat(PageWriter.written(with(0, swans), PAGE))
        .isEqualTo(edited("| `name` | string", row + "| `name` | string"));
    assertThat(PageWriter.written(with(5, swans), PAGE))
        .isEqualTo(edited("| How often. |\n", "| How often. |\n" + row));
  }

  @Test
  void oneThatIsGoneGoes() {
    List<WrittenSetting> table = new ArrayList<>(TABLE);
    table.removeIf(setting -> setting.key().equals("ducks"));
    assertThat(PageWriter.written(table, PAGE).lines())
        .containsExactlyElementsOf(
            PAGE.lines().filter(line -> !line.startsWith("| `ducks`")).toList());
  }

  @Test
  void oneCellIsWrittenAndTheOthersStay() {
    assertThat(
            PageWriter.written(
                changed(setting("ducks", "`all`, `few`", "all", "Who may swim, all or some.")),
                PAGE))
        .isEqualTo(edited("`all`, `some`", "`all`, `few`"));
    assertThat(
            PageWriter.written(
                changed(setting("ducks", "`all`, `some`", "some", "Who may swim, all or some.")),
                PAGE))
        .isEqualTo(edited("| `all` |", "| `some` |"));
  }

  /** A link to more is still one, wherever it stood before, and code is code. */
  @Test
  void otherWordsAreWrittenAndTheLinksStay() {
    assertThat(
            PageWriter.written(
                changed(setting("cold-from", "duration", "5m", "As cold as there; 0s for any.")),
                PAGE))
        .isEqualTo(
            edited(
                "How cold it may be `there` ([more](#cold)); `0s` for any.",
                "As cold as `there`; `0s` for any ([more](#cold))."));
    assertThat(PageWriter.written(changed(setting("name", "string", "pond", "What for.")), PAGE))
        .isEqualTo(edited("Its name.", "What for."));
  }

  @Test
  void aPageWithoutTheTableIsRefused() {
    assertThatThrownBy(() -> PageWriter.written(TABLE, "# A pond\n"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(PageWriter.HEAD);
  }

  static Stream<WrittenSetting> real() {
    return SettingFiles.settings().stream().filter(setting -> !setting.isBlock());
  }

  /** As if each of those that there are were new: on the page that there is. */
  @ParameterizedTest
  @MethodSource("real")
  void anyOfTheRealOnesCanGoAndCome(WrittenSetting setting) {
    List<WrittenSetting> all = SettingFiles.settings(SettingFiles.reference());
    List<WrittenSetting> others =
        all.stream().filter(other -> !other.key().equals(setting.key())).toList();
    String start = "| `" + setting.key() + "` |";
    List<String> lines = SettingFiles.page().lines().toList();

    String without = PageWriter.written(others, SettingFiles.page());
    assertThat(without.lines())
        .containsExactlyElementsOf(lines.stream().filter(line -> !line.startsWith(start)).toList());

    String again = PageWriter.written(all, without);
    assertThat(again.lines()).hasSameSizeAs(lines);
    assertThat(again.lines().filter(line -> line.startsWith(start))).hasSize(1);
    assertThat(PageWriter.written(all, again)).isEqualTo(again);
  }

  @ParameterizedTest
  @MethodSource("real")
  void ofTheRealOnesTooCodeIsCodeAndLinksStay(WrittenSetting setting) {
    String page = SettingFiles.page();
    String start = "| `" + setting.key() + "` |";
    String row = page.lines().filter(line -> line.startsWith(start)).findFirst().orElseThrow();
    List<String> links = PageWriter.LINK.matcher(row).results().map(MatchResult::group).toList();

    String now =
        PageWriter.written(
            SettingFiles.settings(SettingFiles.reference()).stream()
                .map(old -> old.key().equals(setting.key()) ? more(old) : old)
                .toList(),
            page);

    String plain = PageWriter.LINK.matcher(row).replaceAll("").replaceFirst(" \\|$", "");
    assertThat(now.lines().filter(line -> line.startsWith(start)))
        .containsExactly(plain + " And more" + String.join("", links) + ". |");
    assertThat(now.lines().filter(line -> !line.startsWith(start)))
        .containsExactlyElementsOf(page.lines().filter(line -> !line.startsWith(start)).toList());
  }

  private static WrittenSetting more(WrittenSetting old) {
    return new WrittenSetting(
        old.key(), old.type(), old.value(), old.isDefault(), old.meaning() + " And more.");
  }
}
