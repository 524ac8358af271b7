package io.everpool.hocon;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Writes a reference.conf by the table of settings: an entry that is missing behind that of the
 * setting before it in the table, the words of a comment and the defaults that have changed, and
 * none of a setting that is gone. All else stays as a person has written it: the order, headings,
 * indented examples, a default in another unit.
 */
final class ReferenceWriter {
  private static final String ROOT = "everpool";

  private static final int WIDTH = 100;

  private static final String KEY = "([a-z]+(?:-[a-z]+)*)";
  private static final Pattern BLOCK = Pattern.compile(KEY + " \\{");
  private static final Pattern VALUE = Pattern.compile(KEY + "(?: = (.+)| (\\{}))");

  private final List<String> lines;

  private ReferenceWriter(String file) {
    lines = new ArrayList<>(Arrays.asList(file.split("\n", -1)));
  }

  /**
   * A key and what belongs to it.
   *
   * @param comment its first line
   * @param line the line of the key, before which the comment ends
   * @param end the line behind its last one
   * @param value empty of a block of further keys
   */
  private record Entry(String key, int comment, int line, int end, String value) {}

  /**
   * The file as it should be; the same text where it is so.
   *
   * @param others keys that may stand there and are no settings
   */
  static String written(List<WrittenSetting> settings, Set<String> others, String file) {
    ReferenceWriter writer = new ReferenceWriter(file);
    Set<String> known = settings.stream().map(WrittenSetting::key).collect(Collectors.toSet());
    while (writer.removeFirst(
        entry -> !known.contains(entry.key()) && !others.contains(entry.key()))) {
      // the lines of the others are others now
    }
    Map<String, WrittenSetting> before = new LinkedHashMap<>();
    for (WrittenSetting setting : settings) {
      if (!writer.rewrite(setting)) {
        writer.insert(setting, before.get(setting.block()));
      }
      before.put(setting.block(), setting);
    }
    return String.join("\n", writer.lines);
  }

  /** The values by their keys, as they are written. */
  static Map<String, String> values(String file) {
    return new ReferenceWriter(file)
        .entries().stream().collect(Collectors.toMap(Entry::key, Entry::value));
  }

  private boolean removeFirst(Predicate<Entry> which) {
    for (Entry entry : entries()) {
      if (which.test(entry)) {
        boolean apart = lines.get(entry.comment() - 1).isBlank();
        lines.subList(entry.comment() - (apart ? 1 : 0), entry.end()).clear();
        return true;
      }
    }
    return false;
  }

  private void insert(WrittenSetting setting, @Nullable WrittenSetting before) {
    int at = before == null ? inside(setting.block()) : find(before.key()).end();
    List<String> added = new ArrayList<>(List.of(""));
    added.addAll(wrapped(setting));
    added.addAll(assigned(setting));
    lines.addAll(at, added);
  }

  /** The line behind that which opens a block. */
  private int inside(String block) {
    return block.isEmpty()
        ? lines.indexOf(ROOT + " {") + 1
        : find(block.substring(0, block.length() - 1)).line() + 1;
  }

  /** Whether it was there. */
  private boolean rewrite(WrittenSetting setting) {
    Entry entry = find(setting.key());
    if (entry == null) {
      return false;
    }
    if (!setting.isBlock() && !setting.isDefault().test(entry.value())) {
      replace(entry.line(), entry.end(), assigned(setting));
    }
    List<String> comment = lines.subList(entry.comment(), entry.line());
    String said =
        comment.stream()
            .filter(line -> !isExample(line))
            .map(line -> line.strip().substring(1).strip())
            .collect(Collectors.joining(" "));
    if (!said.equals(setting.meaning())) {
      List<String> examples = comment.stream().filter(ReferenceWriter::isExample).toList();
      List<String> now = new ArrayList<>(wrapped(setting));
      now.addAll(examples);
      replace(entry.comment(), entry.line(), now);
    }
    return true;
  }

  private static boolean isExample(String line) {
    return line.strip().startsWith("#   ");
  }

  private void replace(int from, int to, List<String> now) {
    List<String> old = lines.subList(from, to);
    old.clear();
    old.addAll(now);
  }

  private static List<String> assigned(WrittenSetting setting) {
    String start = indent(setting) + setting.key().substring(setting.block().length());
    if (setting.isBlock()) {
      return List.of(start + " {", indent(setting) + "}");
    }
    return List.of(start + (setting.value().equals("{}") ? " " : " = ") + setting.value());
  }

  private static List<String> wrapped(WrittenSetting setting) {
    String start = indent(setting) + "#";
    List<String> wrapped = new ArrayList<>();
    StringBuilder line = new StringBuilder(start);
    for (String word : setting.meaning().split(" ", -1)) {
      if (line.length() > start.length() && line.length() + 1 + word.length() > WIDTH) {
        wrapped.add(line.toString());
        line = new StringBuilder(start);
      }
      line.append(' ').append(word);
    }
    wrapped.add(line.toString());
    return wrapped;
  }

  private static String indent(WrittenSetting setting) {
    return setting.block().isEmpty() ? "  " : "    ";
  }

  private @Nullable Entry find(String key) {
    return entries().stream().filter(entry -> entry.key().equals(key)).findFirst().orElse(null);
  }

  private List<Entry> entries() {
    List<Entry> entries = new ArrayList<>();
    Deque<Entry> open = new ArrayDeque<>();
    int comment = 0;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.startsWith("#")) {
        continue;
      }
      Matcher block = BLOCK.matcher(line);
      Matcher value = VALUE.matcher(line);
      if (block.matches()) {
        open.push(new Entry(path(open) + block.group(1), comment, i, i, ""));
      } else if (line.equals("}")) {
        Entry closed = open.pop();
        if (!open.isEmpty()) {
          entries.add(new Entry(closed.key(), closed.comment(), closed.line(), i + 1, ""));
        }
      } else if (value.matches()) {
        String text = value.group(2) == null ? value.group(3) : value.group(2);
        entries.add(new Entry(path(open) + value.group(1), comment, i, i + 1, text));
      } else if (!line.isEmpty()) {
        throw new IllegalArgumentException("line " + (i + 1) + " is no entry: " + line);
      }
      comment = i + 1;
    }
    return entries;
  }

  /** What stands before a key within these blocks, of which the outermost goes without saying. */
  private static String path(Deque<Entry> open) {
    return open.size() < 2 ? "" : open.element().key() + ".";
  }
}
