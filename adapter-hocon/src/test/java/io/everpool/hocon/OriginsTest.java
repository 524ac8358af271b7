package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.Contradictions;
import io.everpool.api.PoolConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A configuration that was read from a file knows where each value stands. */
class OriginsTest {

  @Test
  void what_contradicts_itself_is_told_with_file_and_line(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("shop.conf");
    Files.writeString(
        file,
        """
        everpool {
          url = "postgresql://db.example.com/shop"
          acquire-timeout = 20s
          retry { max-attempts = 3 }
          properties { socketTimeout = 10, ssl { mode = x } }
          pools {
            orders { connect-timeout = 25s }
          }
        }
        """);
    Config root = ConfigFactory.parseFile(file.toFile());

    PoolConfig orders = EverpoolConfig.from(root, "orders");

    assertThat(orders.origin("acquire-timeout")).isEqualTo(file + ": 3");
    assertThat(orders.origin("retry.max-attempts")).isEqualTo(file + ": 4");
    assertThat(orders.origin("properties.socketTimeout")).isEqualTo(file + ": 5");
    assertThat(orders.origin("properties.ssl.mode")).isEqualTo(file + ": 5");
    assertThat(orders.origin("connect-timeout")).isEqualTo(file + ": 7");
    assertThat(orders.origin("max-size")).as("a default").isNull();
    assertThat(Contradictions.of(orders, false))
        .hasToString(
            "[connect-timeout = 25s ("
                + file
                + ": 7), acquire-timeout = 20s ("
                + file
                + ": 3): whoever waits for a connection gives up before a slow connect does: make"
                + " connect-timeout the shorter one]");
  }

  @Test
  void what_comes_from_a_reference_conf_stands_nowhere_that_matters() {
    PoolConfig config =
        EverpoolConfig.from(
            Hocon.lines("everpool.url = \"" + Hocon.URL + "\"")
                .withFallback(ConfigFactory.parseResources("reference.conf"))
                .resolve());
    assertThat(config.origin("acquire-timeout")).isNull();
    assertThat(config.origin("url")).isNotNull();
  }
}
