package io.everpool.hocon;

import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * The names of the settings as HOCON spells them. They come from the settings themselves, so a new
 * setting is a key at once.
 */
final class Keys {

  /**
   * Every key of a pool; a key of an inner block stands with its path: {@code retry.max-attempts}.
   */
  static final List<String> ALL =
      PoolConfig.settings().stream()
          .flatMap(setting -> Stream.concat(Stream.of(setting), setting.parts().stream()))
          .map(Setting::key)
          .toList();

  private Keys() {}

  /** The key within the block in which it stands: {@code max-attempts}. */
  static String within(Setting<?> setting) {
    return setting.key().substring(setting.key().lastIndexOf('.') + 1);
  }

  /** Makes {@code max-size} of {@code maxSize}, and of {@code MAX_SIZE} as well. */
  static String kebab(String name) {
    return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").replace('_', '-').toLowerCase(Locale.ROOT);
  }
}
