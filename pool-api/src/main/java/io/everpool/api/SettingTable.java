package io.everpool.api;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one configuration, in order. Filled while the class that holds it is initialised,
 * and never changed afterwards.
 */
final class SettingTable {
  private final String path;
  private final List<Setting<?>> settings = new ArrayList<>();
  private final List<Order<?>> orders = new ArrayList<>();
  private final List<List<Setting<?>>> alternatives = new ArrayList<>();

  /**
   * Two settings of which one must not be above the other.
   *
   * @param contradiction makes the problem out of the two values as they are shown; the problem
   *     begins with a key
   */
  record Order<T extends Comparable<T>>(
      Setting<T> lower, Setting<T> upper, BinaryOperator<String> contradiction) {

    /** Whether the values can't stand side by side, though each could by itself. */
    boolean isBroken(@Nullable T low, @Nullable T high) {
      return low != null
          && high != null
          && low.compareTo(high) > 0
          && lower.problems(low).isEmpty()
          && upper.problems(high).isEmpty();
    }

    /** The problem of values that break it. */
    String problem(@Nullable T low, @Nullable T high) {
      return contradiction.apply(lower.shown(low), upper.shown(high));
    }
  }

  /**
   * @param path what stands before every key: empty, or ends in a dot
   */
  SettingTable(String path) {
    this.path = path;
  }

  <T> Setting<T> add(
      String name, Kind<T> kind, @Nullable T defaultValue, Rule<T> rule, String meaning) {
    Setting<T> setting =
        new Setting<>(settings.size(), path, name, kind, defaultValue, rule, meaning);
    settings.add(setting);
    return setting;
  }

  <T extends Comparable<T>> void order(
      Setting<T> lower, Setting<T> upper, BinaryOperator<String> contradiction) {
    orders.add(new Order<>(lower, upper, contradiction));
  }

  /** At most one of these may be set; each is null if it isn't. */
  void alternatives(Setting<?>... settings) {
    alternatives.add(List.of(settings));
  }

  /** A view of the settings, in order. */
  List<Setting<?>> settings() {
    return Collections.unmodifiableList(settings);
  }

  List<Order<?>> orders() {
    return orders;
  }

  /** The settings before {@code setting} that must not be set beside it. */
  List<Setting<?>> alternativesBefore(Setting<?> setting) {
    for (List<Setting<?>> group : alternatives) {
      if (group.contains(setting)) {
        return group.subList(0, group.indexOf(setting));
      }
    }
    return List.of();
  }

  boolean has(Setting<?> setting) {
    return setting.index() < settings.size() && settings.get(setting.index()) == setting;
  }

  /**
   * @throws IllegalArgumentException if the setting is none of these
   */
  void require(Setting<?> setting) {
    if (!has(setting)) {
      throw new IllegalArgumentException(setting.key() + " is no setting of this configuration");
    }
  }
}
