package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KeysTest {

  static Stream<Setting<?>> all() {
    return PoolConfig.settings().stream()
        .flatMap(setting -> Stream.concat(Stream.of(setting), setting.parts().stream()));
  }

  /** The table makes keys by a rule of its own, and adapter-dropwizard has a third one. */
  @ParameterizedTest
  @MethodSource("all")
  void aNameBecomesTheKeyThatTheTableHas(Setting<?> setting) {
    String key = Keys.within(setting);
    assertThat(Keys.kebab(setting.name())).isEqualTo(key);
    assertThat(Keys.kebab(key)).isEqualTo(key);
    assertThat(Keys.kebab(key.replace('-', '_').toUpperCase(Locale.ROOT))).isEqualTo(key);
  }
}
