package io.everpool.hocon;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes the page's table by that of the settings: a row that is missing behind that of the setting
 * before it, the cells that have changed, and no row of a setting that is gone. A cell that says
 * the same, back-quotes and links aside, stays as a person has written it.
 */
final class PageWriter {
  static final String HEAD = "| key | type | default | meaning |";

  static final Pattern LINK = Pattern.compile(" \\(\\[[^]]*]\\([^)]*\\)\\)");

  private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");

  /** What is written in back-quotes though nobody has done so: another setting's key, and off. */
  private static final Pattern CODE = word("[a-z]+(?:-[a-z]+)+|0s");

  private PageWriter() {}

  /** The page as it should be; the same text where it is so. */
  static String written(List<WrittenSetting> settings, String page) {
    List<WrittenSetting> leaves = settings.stream().filter(setting -> !setting.isBlock()).toList();
    Set<String> keys = leaves.stream().map(WrittenSetting::key).collect(Collectors.toSet());
    List<String> lines = new ArrayList<>(Arrays.asList(page.split("\n", -1)));
    int head = lines.indexOf(HEAD);
    if (head < 0) {
      throw new IllegalArgumentException("the page has no line " + HEAD);
    }
    int first = head + 2;
    int end = first;
    while (lines.get(end).startsWith("|")) {
      end++;
    }
    List<String> rows = lines.subList(first, end);
    rows.removeIf(row -> !keys.contains(key(row)));
    int before = -1;
    for (WrittenSetting setting : leaves) {
      int row = rows.stream().map(PageWriter::key).toList().indexOf(setting.key());
      if (row < 0) {
        row = before + 1;
        rows.add(row, row(setting, keys, ""));
      } else {
        rows.set(row, rewritten(rows.get(row), setting, keys));
      }
      before = row;
    }
    return String.join("\n", lines);
  }

  /** A cell without what a page has beside the words. */
  static String words(String cell) {
    return LINK.matcher(cell).replaceAll("").replace("`", "").trim();
  }

  private static String key(String row) {
    return words(row.split("\\|", -1)[1]);
  }

  private static String rewritten(String row, WrittenSetting setting, Set<String> keys) {
    String[] cells = row.split("\\|", -1);
    String[] now = row(setting, keys, cells[4]).split("\\|", -1);
    for (int i = 2; i < 4; i++) {
      cells[i] = words(cells[i]).equals(words(now[i])) ? cells[i] : now[i];
    }
    if (!words(cells[4]).equals(setting.meaning())) {
      String links =
          LINK.matcher(cells[4]).results().map(MatchResult::group).collect(Collectors.joining());
      cells[4] = now[4].replaceFirst("\\. $", Matcher.quoteReplacement(links + ". "));
    }
    return String.join("|", cells);
  }

  private static String row(WrittenSetting setting, Set<String> keys, String old) {
    return "| `%s` | %s | `%s` | %s |"
        .formatted(
            setting.key(), setting.type(), setting.value(), quoted(setting.meaning(), keys, old));
  }

  /** With back-quotes at the words that have them in the old cell, and where they go by itself. */
  private static String quoted(String meaning, Set<String> keys, String old) {
    TreeMap<Integer, Integer> codes = new TreeMap<>(); // ends by starts
    for (MatchResult code : QUOTED.matcher(old).results().toList()) {
      Pattern word = word(Pattern.quote(code.group(1)));
      String before = words(old.substring(0, code.start()));
      word.matcher(meaning)
          .results()
          .skip(word.matcher(before).results().count())
          .findFirst()
          .ifPresent(found -> codes.put(found.start(), found.end()));
    }
    for (MatchResult found : CODE.matcher(meaning).results().toList()) {
      boolean code = found.group().equals("0s") || keys.contains(found.group());
      Map.Entry<Integer, Integer> around = codes.floorEntry(found.start());
      if (code && (around == null || around.getValue() < found.end())) {
        codes.put(found.start(), found.end());
      }
    }
    StringBuilder quoted = new StringBuilder(meaning);
    codes.descendingMap().forEach((start, end) -> quoted.insert(end, "`").insert(start, "`"));
    return quoted.toString();
  }

  private static Pattern word(String pattern) {
    return Pattern.compile("(?<![\\w-])(?:" + pattern + ")(?![\\w-])");
  }
}
