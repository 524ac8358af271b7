package io.everpool.api;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Values that are being collected, with which of them somebody has said (set, and not left at a
 * default). Of two that must be in order, one that nobody has said gives way to the other. Not
 * thread-safe.
 */
final class SettingDraft {
  private final SettingTable table;
  private final @Nullable Object[] values;
  private final boolean[] said;

  /** Starts from the defaults; nothing is said. */
  SettingDraft(SettingTable table) {
    this.table = table;
    List<Setting<?>> settings = table.settings();
    values = new Object[settings.size()];
    said = new boolean[settings.size()];
    for (Setting<?> setting : settings) {
      values[setting.index()] = setting.defaultValue();
    }
  }

  /** Starts from these values; every one of them is said, or none. */
  SettingDraft(SettingValues from, boolean said) {
    this(from.table());
    for (Setting<?> setting : table.settings()) {
      values[setting.index()] = from.get(setting);
    }
    Arrays.fill(this.said, said);
  }

  /**
   * Says what a setting is.
   *
   * @throws IllegalArgumentException if the setting is none of the table
   * @throws ClassCastException if the value isn't of its type
   */
  <T> void set(Setting<T> setting, @Nullable T value) {
    table.require(setting);
    values[setting.index()] = setting.type().cast(value);
    said[setting.index()] = true;
  }

  /** Changes the value that a setting has if nobody says one; like a default, it gives way. */
  <T> void setDefault(Setting<T> setting, @Nullable T value) {
    table.require(setting);
    T cast = setting.type().cast(value);
    if (!said[setting.index()]) {
      values[setting.index()] = cast;
    }
  }

  /** Changes the value of a setting, but not whether it counts as said. */
  <T> void put(Setting<T> setting, @Nullable T value) {
    table.require(setting);
    values[setting.index()] = setting.type().cast(value);
  }

  <T> @Nullable T get(Setting<T> setting) {
    return setting.type().cast(values[setting.index()]);
  }

  boolean isSaid(Setting<?> setting) {
    return said[setting.index()];
  }

  /**
   * A setting that must be in order with {@code setting} counts as not said if it has its default.
   */
  void unsayDefaultsBeside(Setting<?> setting) {
    for (SettingTable.Order<?> order : table.orders()) {
      if (order.lower() == setting) {
        unsayDefault(order.upper());
      } else if (order.upper() == setting) {
        unsayDefault(order.lower());
      }
    }
  }

  private <T> void unsayDefault(Setting<T> setting) {
    if (setting.isAtDefault(get(setting))) {
      said[setting.index()] = false;
    }
  }

  /** The values as they stand, put in order where that is possible; they aren't checked. */
  SettingValues values() {
    @Nullable Object[] result = new Object[values.length];
    for (Setting<?> setting : table.settings()) {
      result[setting.index()] = kept(setting);
    }
    for (SettingTable.Order<?> order : table.orders()) {
      giveWay(order, result);
    }
    return new SettingValues(table, result);
  }

  private <T> @Nullable T kept(Setting<T> setting) {
    return setting.kept(get(setting));
  }

  /**
   * Has one of two values give way. Nothing gives way to a value that can't work for either
   * setting, so that only this value is refused.
   */
  private <T extends Comparable<T>> void giveWay(
      SettingTable.Order<T> order, @Nullable Object[] result) {
    int lower = order.lower().index();
    int upper = order.upper().index();
    T low = order.lower().type().cast(result[lower]);
    T high = order.upper().type().cast(result[upper]);
    if (said[lower] == said[upper] || !order.isBroken(low, high)) {
      return;
    }
    if (said[upper] && order.lower().problems(high).isEmpty()) {
      result[lower] = high;
    } else if (said[lower] && order.upper().problems(low).isEmpty()) {
      result[upper] = low;
    }
  }
}
