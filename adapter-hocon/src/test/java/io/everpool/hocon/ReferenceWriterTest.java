package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigResolveOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A file of settings that nobody has, and what becomes of it when their table changes. */
class ReferenceWriterTest {
  private static final String REAL = SettingFiles.reference();

  /** Not in the table's order, with a heading, an example, a block, and more than the settings. */
  private static final String FILE =
      """
      # Everything that can be set.

      everpool {

        # Its name.
        name = pond

        # More of it; in a block.
        #   depths { north = 3 }
        depths {}

        # ---- Water

        # How cold it may
        # be.
        cold = 5m

        # Who may swim.
        ducks = all

        # What is done against ice.
        ice {

          # With what.
          tool = pick

          # How often.
          pause = 20ms
        }

        # ---- Other ponds
        #
        # Each as this one.
        ponds {}
      }
      """;

  private static final List<WrittenSetting> TABLE =
      List.of(
          setting("name", "pond", "Its name."),
          setting("depths", "{}", "More of it; in a block."),
          setting("ducks", "all", "Who may swim."),
          new WrittenSetting(
              "cold", "duration", "300s", Set.of("300s", "5m")::contains, "How cold it may be."),
          block("ice", "What is done against ice."),
          setting("ice.tool", "pick", "With what."),
          setting("ice.pause", "20ms", "How often."));

  private static WrittenSetting setting(String key, String value, String meaning) {
    return new WrittenSetting(key, "string", value, value::equals, meaning);
  }

  private static WrittenSetting block(String key, String meaning) {
    return new WrittenSetting(key, "", "", text -> false, meaning);
  }

  private static String written(List<WrittenSetting> table) {
    return ReferenceWriter.written(table, Set.of("ponds"), FILE);
  }

  /** The table with another one behind {@code key}, or before all. */
  private static List<WrittenSetting> with(String key, WrittenSetting... added) {
    List<WrittenSetting> table = new ArrayList<>(TABLE);
    table.addAll(keys(table).indexOf(key) + 1, Arrays.asList(added));
    return table;
  }

  /** The table with another one in the place of that of its key. */
  private static List<WrittenSetting> changed(WrittenSetting now) {
    return TABLE.stream().map(old -> old.key().equals(now.key()) ? now : old).toList();
  }

  private static List<WrittenSetting> without(String key) {
    return TABLE.stream()
        .filter(old -> !old.key().equals(key) && !old.key().startsWith(key + "."))
        .toList();
  }

  private static List<String> keys(List<WrittenSetting> table) {
    return table.stream().map(WrittenSetting::key).toList();
  }

  /** The file with one place changed. */
  private static String edited(String old, String now) {
    assertThat(FILE).containsOnlyOnce(old);
    return FILE.replace(old, now);
  }

  @Test
  void whereNothingHasChangedNothingIsWritten() {
    assertThat(written(TABLE)).isEqualTo(FILE);
  }

  @Test
  void aNewOneStandsBehindThatBeforeIt() {
    assertThat(written(with("ducks", setting("swans", "none", "And they?"))))
        .isEqualTo(edited("  ducks = all\n", "  ducks = all\n\n  # And they?\n  swans = none\n"));
  }

  /** And not below the heading that comes next, though the table's next one stands there. */
  @Test
  void aNewOneBehindAnExampleAndABlock() {
    assertThat(written(with("depths", setting("more", "{}", "Yet more."))))
        .isEqualTo(edited("  depths {}\n", "  depths {}\n\n  # Yet more.\n  more {}\n"));
  }

  @Test
  void aNewOneBeforeAllOthers() {
    assertThat(written(with("", setting("place", "null", "Where it is."))))
        .isEqualTo(edited("everpool {\n", "everpool {\n\n  # Where it is.\n  place = null\n"));
  }

  @Test
  void aNewOneBehindAWholeBlock() {
    assertThat(written(with("ice.pause", setting("fish", "0", "How many."))))
        .isEqualTo(edited("20ms\n  }\n", "20ms\n  }\n\n  # How many.\n  fish = 0\n"));
  }

  @Test
  void aNewOneWithinABlock() {
    assertThat(written(with("ice.tool", setting("ice.hands", "2", "Whose."))))
        .isEqualTo(edited("= pick\n", "= pick\n\n    # Whose.\n    hands = 2\n"));
    assertThat(written(with("ice.pause", setting("ice.end", "1h", "Until when."))))
        .isEqualTo(edited("= 20ms\n", "= 20ms\n\n    # Until when.\n    end = 1h\n"));
    assertThat(written(with("ice", setting("ice.on", "true", "Whether."))))
        .isEqualTo(edited("  ice {\n", "  ice {\n\n    # Whether.\n    on = true\n"));
  }

  @Test
  void aNewBlockWithItsSettings() {
    assertThat(
            written(
                with(
                    "cold",
                    block("mud", "What lies below."),
                    setting("mud.depth", "1", "How much."),
                    setting("mud.kind", "black", "Which."))))
        .isEqualTo(
            edited(
                "  cold = 5m\n",
                "  cold = 5m\n\n  # What lies below.\n  mud {\n\n    # How much.\n    depth = 1\n"
                    + "\n    # Which.\n    kind = black\n  }\n"));
  }

  @Test
  void severalNewOnesAtOnce() {
    assertThat(
            written(
                with(
                    "ducks",
                    setting("swans", "none", "And they?"),
                    setting("geese", "all", "And these?"))))
        .isEqualTo(
            edited(
                "  ducks = all\n",
                "  ducks = all\n\n  # And they?\n  swans = none\n\n  # And these?\n  geese = all\n"));
  }

  @Test
  void otherWordsAreWrittenAndTheExampleStays() {
    assertThat(written(changed(setting("depths", "{}", "All of it."))))
        .isEqualTo(edited("# More of it; in a block.", "# All of it."));
    assertThat(written(changed(block("ice", "Against ice."))))
        .isEqualTo(edited("# What is done against ice.", "# Against ice."));
  }

  /** Words that mean the same in other lines stay; those that are new fill them. */
  @Test
  void aWideCommentIsWrapped() {
    String word = "123456789 ";
    String wide = word.repeat(24) + "end.";
    String line = word.repeat(9).strip();
    assertThat(written(changed(setting("ducks", "all", wide))))
        .isEqualTo(
            edited(
                "  # Who may swim.\n",
                "  # " + line + "\n  # " + line + "\n  # " + word.repeat(6) + "end.\n"));
    assertThat(written(changed(setting("ice.tool", "pick", wide))).lines())
        .allMatch(each -> each.length() <= 100)
        .contains("    # " + line, "    # " + word.repeat(6) + "end.");
    String full = "x".repeat(96);
    assertThat(written(changed(setting("ducks", "all", full + " y"))))
        .isEqualTo(edited("# Who may swim.\n", "# " + full + "\n  # y\n"));
  }

  @Test
  void aDefaultThatHasChangedIsWritten() {
    assertThat(written(changed(setting("ducks", "none", "Who may swim."))))
        .isEqualTo(edited("ducks = all", "ducks = none"));
    assertThat(written(changed(setting("ice.pause", "1s", "How often."))))
        .isEqualTo(edited("pause = 20ms", "pause = 1s"));
    assertThat(written(changed(setting("cold", "6m", "How cold it may be."))))
        .isEqualTo(edited("cold = 5m", "cold = 6m"));
    assertThat(written(changed(setting("depths", "[]", "More of it; in a block."))))
        .isEqualTo(edited("depths {}", "depths = []"));
  }

  @Test
  void oneThatIsGoneGoesWithItsComment() {
    assertThat(written(without("ducks")))
        .isEqualTo(edited("\n  # Who may swim.\n  ducks = all\n", ""));
    assertThat(written(without("cold")))
        .isEqualTo(edited("\n  # How cold it may\n  # be.\n  cold = 5m\n", ""));
    assertThat(written(without("depths")))
        .isEqualTo(
            edited("\n  # More of it; in a block.\n  #   depths { north = 3 }\n  depths {}\n", ""));
    assertThat(written(without("ice.pause")))
        .isEqualTo(edited("\n    # How often.\n    pause = 20ms\n", ""));
    assertThat(written(without("ice")))
        .doesNotContain("ice", "tool", "pause")
        .contains("  ducks = all\n\n  # ---- Other ponds\n");
  }

  /** What makes it one: an addition, a removal, other words and another default together. */
  @Test
  void allOfItAtOnce() {
    List<WrittenSetting> table = new ArrayList<>(without("name"));
    table.add(0, setting("title", "Pond", "What it is called."));
    table.set(2, setting("ducks", "none", "Who swims."));
    String now = written(table);
    assertThat(now)
        .isEqualTo(
            FILE.replace(
                    "  # Its name.\n  name = pond\n", "  # What it is called.\n  title = Pond\n")
                .replace("# Who may swim.\n  ducks = all", "# Who swims.\n  ducks = none"));
    assertThat(ReferenceWriter.written(table, Set.of("ponds"), now)).isEqualTo(now);
  }

  /** Rather than to lose what isn't understood. */
  @Test
  void aLineThatIsNoEntryIsRefused() {
    assertThatThrownBy(
            () -> ReferenceWriter.written(TABLE, Set.of(), FILE.replace("= all", "= [\n all\n]")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("line 20 is no entry: all");
  }

  @Test
  void theValuesAreAsTheyAreWritten() {
    assertThat(ReferenceWriter.values(FILE))
        .containsEntry("name", "pond")
        .containsEntry("depths", "{}")
        .containsEntry("cold", "5m")
        .containsEntry("ice.pause", "20ms");
  }

  static Stream<WrittenSetting> real() {
    return SettingFiles.settings(REAL).stream();
  }

  /** As if each of those that there are were new: in the file that there is. */
  @ParameterizedTest
  @MethodSource("real")
  void anyOfTheRealOnesCanGoAndCome(WrittenSetting setting) {
    List<WrittenSetting> all = SettingFiles.settings(REAL);
    List<WrittenSetting> others =
        all.stream()
            .filter(other -> !other.key().equals(setting.key()))
            .filter(other -> !other.block().equals(setting.key() + "."))
            .toList();

    String without = ReferenceWriter.written(others, SettingFiles.OTHERS, REAL);
    assertThat(read(without)).isEqualTo(read(REAL).withoutPath(setting.key()));

    String again = ReferenceWriter.written(all, SettingFiles.OTHERS, without);
    assertThat(read(again)).isEqualTo(read(REAL));
    assertThat(ReferenceWriter.written(all, SettingFiles.OTHERS, again)).isEqualTo(again);
  }

  /** As HOCON reads it. */
  private static Config read(String file) {
    return ConfigFactory.parseString("NEON_DB_URL = there\n" + file)
        .resolve(ConfigResolveOptions.noSystem())
        .getConfig("everpool");
  }
}
