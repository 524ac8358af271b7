package io.everpool.api;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** A value for each setting of a table. Immutable; doesn't check them by itself. */
final class SettingValues {
  private final SettingTable table;
  private final @Nullable Object[] values;

  /** Takes the array over. */
  SettingValues(SettingTable table, @Nullable Object[] values) {
    this.table = table;
    this.values = values;
  }

  SettingTable table() {
    return table;
  }

  /**
   * @throws IllegalArgumentException if the setting is none of the table
   */
  <T> @Nullable T get(Setting<T> setting) {
    table.require(setting);
    return at(setting);
  }

  @SuppressWarnings("unchecked") // it was cast to the setting's type when it was set
  private <T> @Nullable T at(Setting<T> setting) {
    return (T) values[setting.index()];
  }

  /** The value of a setting that isn't optional, after the check. Allocates nothing. */
  @SuppressWarnings("NullAway") // a configuration that is not checked has what it was given
  <T> T required(Setting<T> setting) {
    return at(setting);
  }

  /** What is wrong with them, in the order of the settings. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    for (Setting<?> setting : table.settings()) {
      add(setting, problems);
    }
    return problems;
  }

  private <T> void add(Setting<T> setting, List<String> problems) {
    problems.addAll(setting.problems(at(setting)));
    for (SettingTable.Order<?> order : table.orders()) {
      if (order.upper() == setting) {
        add(order, problems);
      }
    }
    for (Setting<?> other : table.alternativesBefore(setting)) {
      if (values[setting.index()] != null && values[other.index()] != null) {
        problems.add(setting.key() + " stands beside " + other.key() + "; use one of them");
      }
    }
  }

  private <T extends Comparable<T>> void add(SettingTable.Order<T> order, List<String> problems) {
    T low = at(order.lower());
    T high = at(order.upper());
    if (order.isBroken(low, high)) {
      problems.add(order.problem(low, high));
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SettingValues that
        && table == that.table
        && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  /** {@code type[name=value, ...]}, without secrets. */
  String text(String type) {
    StringJoiner text = new StringJoiner(", ", type + "[", "]");
    for (Setting<?> setting : table.settings()) {
      text.add(text(setting));
    }
    return text.toString();
  }

  private <T> String text(Setting<T> setting) {
    return setting.name() + "=" + setting.shown(at(setting));
  }
}
