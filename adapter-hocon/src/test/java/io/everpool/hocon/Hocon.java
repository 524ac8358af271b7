package io.everpool.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.fakes.OtherValues;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;

/** Short words for tests. */
final class Hocon {

  static final String URL = "postgresql://db.example.com/shop";

  private Hocon() {}

  /** Every setting there is, the parts of {@code retry} as well. */
  static List<Setting<?>> settings() {
    List<Setting<?>> settings = new ArrayList<>();
    for (Setting<?> setting : PoolConfig.settings()) {
      settings.add(setting);
      settings.addAll(setting.parts());
    }
    return settings;
  }

  /** A configuration of lines. */
  static Config lines(String... lines) {
    return ConfigFactory.parseString(String.join("\n", lines));
  }

  /** The root pool of {@code everpool { url = ..., <lines> }}. */
  static PoolConfig pool(String... lines) {
    return EverpoolConfig.from(block(lines));
  }

  /** What is wrong with {@code everpool { url = ..., <lines> }}. */
  static List<String> problems(String... lines) {
    return problemsOf(() -> EverpoolConfig.from(block(lines)));
  }

  /** What was wrong with what {@code reading} read. */
  static List<String> problemsOf(Runnable reading) {
    return Assertions.catchThrowableOfType(InvalidPoolConfigException.class, reading::run)
        .problems();
  }

  /** A value as it is written. */
  static String text(Object value) {
    return value instanceof Map || value instanceof List
        ? ConfigValueFactory.fromAnyRef(value).render(ConfigRenderOptions.concise())
        : OtherValues.text(value);
  }

  private static Config block(String... lines) {
    return lines("everpool {\nurl = \"" + URL + "\"", String.join("\n", lines), "}");
  }
}
