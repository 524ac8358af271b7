package io.everpool.dropwizard;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NamesTest {

  static Stream<Setting<?>> all() {
    return PoolConfig.settings().stream()
        .flatMap(setting -> Stream.concat(Stream.of(setting), setting.parts().stream()));
  }

  /** The table makes keys by a rule of its own, and adapter-hocon has a third one. */
  @ParameterizedTest
  @MethodSource("all")
  void aNameBecomesTheKeyThatTheTableHas(Setting<?> setting) {
    String key = setting.key().substring(setting.key().lastIndexOf('.') + 1);
    assertThat(Names.kebab(setting.name())).isEqualTo(key);
    assertThat(Names.kebab(key)).isEqualTo(key);
    assertThat(Names.camel(key)).isEqualTo(setting.name());
  }
}
