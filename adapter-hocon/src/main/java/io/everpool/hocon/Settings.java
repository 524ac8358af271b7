package io.everpool.hocon;

import io.everpool.api.PoolConfig;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The settings there are, taken from the components of the configuration's records, so that a new
 * one is a key the moment it exists.
 */
final class Settings {

  private Settings() {}

  /**
   * A setting.
   *
   * @param key its name in kebab case
   * @param type what the record wants
   */
  record Setting(String key, Class<?> type) {

    /** Whether the setting is a block of settings of its own. */
    boolean isRecord() {
      return type.isRecord();
    }

    /** Whether the setting is a block of free names. */
    boolean isMap() {
      return type == Map.class;
    }
  }

  /** The settings of a record, in its order. */
  static List<Setting> of(Class<?> record) {
    return Arrays.stream(record.getRecordComponents())
        .map(component -> new Setting(kebab(component.getName()), component.getType()))
        .toList();
  }

  /** Every key of a pool, those of inner records with their path: {@code retry.max-attempts}. */
  static List<String> keys() {
    List<String> keys = new ArrayList<>();
    for (Setting setting : of(PoolConfig.class)) {
      keys.add(setting.key());
      if (setting.isRecord()) {
        of(setting.type()).forEach(inner -> keys.add(setting.key() + "." + inner.key()));
      }
    }
    return keys;
  }

  /** What a pool has where nothing is set, by key; {@code url} is empty, which no pool accepts. */
  static Map<String, @Nullable Object> defaults() {
    Map<String, @Nullable Object> defaults = values(PoolConfig.builder("unset").build());
    defaults.put("url", "");
    return defaults;
  }

  /** The values of a record, by key, in its order. */
  static Map<String, @Nullable Object> values(Record record) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      try {
        values.put(kebab(component.getName()), component.getAccessor().invoke(record));
      } catch (ReflectiveOperationException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
    return values;
  }

  /** Makes a record of its values; what its constructor throws comes through. */
  static <R extends Record> R make(Class<R> type, Map<String, @Nullable Object> values) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    @Nullable Object[] arguments = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      arguments[i] = values.get(kebab(components[i].getName()));
    }
    try {
      Constructor<R> constructor = type.getConstructor(types);
      return constructor.newInstance(arguments);
    } catch (InvocationTargetException refused) {
      if (refused.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(refused);
    } catch (ReflectiveOperationException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** {@code maxSize} as {@code max-size}, and {@code MAX_SIZE} as well. */
  static String kebab(String name) {
    return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").replace('_', '-').toLowerCase(Locale.ROOT);
  }
}
