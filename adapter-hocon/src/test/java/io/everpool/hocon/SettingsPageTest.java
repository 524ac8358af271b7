package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The README's table of settings, against the code. */
class SettingsPageTest {

  private static final String PAGE = SettingFiles.page();

  /** With {@code -Dwrite.anew=true} it is made so first. */
  @Test
  void thePageIsWrittenByTheTable() {
    assertThat(PAGE)
        .as(SettingFiles.HOW_TO_CHANGE)
        .isEqualTo(PageWriter.written(SettingFiles.settings(SettingFiles.reference()), PAGE));
  }

  /** A table that leaves a setting out, or promises one, is worse than none. */
  @Test
  void theTableHasEveryKeyAndNoOther() {
    List<String> keys = Keys.ALL.stream().filter(key -> !key.equals("retry")).toList();

    assertThat(table().keySet()).containsExactlyInAnyOrderElementsOf(keys);
  }

  /** The defaults are written as reference.conf has them, and mean what the builder says. */
  @Test
  void theTablesDefaultsAreTheDefaults() {
    StringBuilder lines = new StringBuilder("everpool {\n");
    table().forEach((key, row) -> lines.append(key).append(" = ").append(row[1]).append("\n"));
    Config fromPage = ConfigFactory.parseString(lines + "}");
    Config withUrl = ConfigFactory.parseString("NEON_DB_URL = \"" + Hocon.URL + "\"");

    assertThat(EverpoolConfig.from(withUrl.withFallback(fromPage)))
        .isEqualTo(PoolConfig.builder(Hocon.URL).build());
    Config reference = ConfigFactory.parseResources("reference.conf").withoutPath("everpool.pools");
    assertThat(fromPage.root()).isEqualTo(reference.root());
  }

  @Test
  void theTablesTypesAreTheTypes() {
    Map<String, String[]> table = table();
    for (Setting<?> setting : Hocon.settings()) {
      if (setting.parts().isEmpty()) {
        assertThat(cell(table, setting.key(), 0))
            .as(setting.key())
            .isEqualTo(WrittenSetting.of(setting).type().replace("`", ""));
      }
    }
  }

  /** What the page says is what the code says; a link to more is the page's own. */
  @Test
  void theTablesMeaningsAreTheMeanings() {
    Map<String, String[]> table = table();
    for (Setting<?> setting : Hocon.settings()) {
      if (setting.parts().isEmpty()) {
        assertThat(PageWriter.words(cell(table, setting.key(), 2)))
            .as(setting.key())
            .isEqualTo(setting.meaning());
      }
    }
  }

  private static String cell(Map<String, String[]> table, String key, int column) {
    String[] row = table.get(key);
    return row == null ? "no row" : row[column];
  }

  /** Type, default and meaning by key, without the back-quotes of the first two. */
  private static Map<String, String[]> table() {
    Map<String, String[]> rows = new LinkedHashMap<>();
    List<String> lines = PAGE.lines().toList();
    List<String> below = lines.subList(lines.indexOf(PageWriter.HEAD) + 1, lines.size());
    for (String line : below.subList(0, below.indexOf(""))) {
      if (line.startsWith("| `")) {
        String[] cells = line.split("\\|", -1);
        assertThat(cells).as(line).hasSize(6);
        String key = cells[1].replace("`", "").trim();
        String type = cells[2].replace("`", "").trim();
        String fallback = cells[3].replace("`", "").trim();
        assertThat(rows.put(key, new String[] {type, fallback, cells[4].trim()}))
            .as("two rows of %s", key)
            .isNull();
      }
    }
    return rows;
  }
}
