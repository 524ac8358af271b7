package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigOriginFactory;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.Contradictions;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  private static final String ON_THE_CLASS_PATH =
      """
      everpool {
        url = "postgresql://db.example.com/shop"
        connect-timeout = 25s
        acquire-timeout = 20s
        pools { orders { max-size = none } }
      }
      """;

  /** The library puts the resource's URL behind its name, in a folder as in a jar. */
  @Test
  void what_stands_on_the_class_path_is_told_with_file_and_line(@TempDir Path folder)
      throws IOException {
    Path classes = Files.createDirectory(folder.resolve("my classes"));
    Files.writeString(classes.resolve("shop.conf"), ON_THE_CLASS_PATH);
    Path jar = folder.resolve("app-1.0.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      out.putNextEntry(new JarEntry("shop.conf"));
      out.write(ON_THE_CLASS_PATH.getBytes(StandardCharsets.UTF_8));
    }
    for (Path place : List.of(classes, jar)) {
      Config root;
      try (URLClassLoader loader = new URLClassLoader(new URL[] {place.toUri().toURL()}, null)) {
        root = ConfigFactory.parseResources(loader, "shop.conf");
      }
      assertThat(root.origin().description()).as("the library's words").contains("shop.conf @ ");

      PoolConfig config = EverpoolConfig.from(root.withoutPath("everpool.pools"));

      assertThat(config.origin("acquire-timeout")).isEqualTo("shop.conf: 4");
      assertThat(Contradictions.of(config, false))
          .singleElement()
          .asString()
          .startsWith("connect-timeout = 25s (shop.conf: 3), acquire-timeout = 20s (shop.conf: 4)");
      assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root, "orders")))
          .singleElement()
          .asString()
          .endsWith("(shop.conf: 5)");
    }
  }

  /** What is left of the library's words is shown as far as it can be no secret. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x.conf @ file:/a/x.conf: 3 | x.conf: 3",
        "x.conf @ file:/a/x.conf: 3-5 | x.conf: 3-5",
        "x.conf @ jar:file:/a%20b/x.jar!/x.conf: 3 | x.conf: 3",
        "x.conf @ jar:nested:/a.jar/!BOOT-INF/lib/x.jar!/x.conf: 3 | x.conf: 3",
        "x.properties @ file:/a/x.properties | x.properties",
        "merge of x.conf @ file:/a/x.conf: 3,y.conf @ jar:file:/y.jar!/y.conf: 4 |"
            + " merge of x.conf: 3,y.conf: 4",
        "merge of x.properties @ file:/a/x.properties,y.conf @ file:/y.conf: 4 |"
            + " merge of x.properties,y.conf: 4",
        "x.conf @ https://u:hunter2@h/x.conf: 3 | ***",
        "x.conf @ https://u,hunter2@h/x.conf: 3 | ***",
        "x.conf @ https://h/x.conf?token=a,hunter2: 3 | ***",
        "x.conf @ https://h/x.conf#a,hunter2: 3 | ***",
        "merge of x.conf @ file:/a/x.conf: 3,https://h/y?token=hunter2: 4 | ***",
        "https://u:hunter2@h/x.conf?private_token=hunter2: 3 | https://u:***@h/x.conf?***",
        "/etc/shop.conf: 3 | /etc/shop.conf: 3"
      })
  void a_place_is_told_without_its_url(String description, String told) {
    assertThat(new Located("x", ConfigValueFactory.fromAnyRef("y", description)).origin())
        .isEqualTo(" (" + told + ")");
  }

  /** One that is loaded from a URL (-Dconfig.url, include url(...)), which may have a token. */
  @Test
  void what_cannot_be_read_or_resolved_is_told_without_the_secrets_of_its_url() throws Exception {
    ConfigOrigin origin =
        ConfigOriginFactory.newURL(new URL("https://u:hunter2@h/shop.conf?token=hunter2"))
            .withLineNumber(7);
    List<ConfigException> thrown =
        List.of(
            new ConfigException.Parse(origin, "Expecting a value"),
            new ConfigException.IO(origin, "Connection refused"),
            new ConfigException.WrongType(origin, "Cannot concatenate"),
            new ConfigException.BadValue(origin, "x", "y"),
            new ConfigException.Generic("https://u:hunter2@h/"),
            new ConfigException.UnresolvedSubstitution(origin, "${NAME}"),
            new ConfigException.UnresolvedSubstitution(origin, "${NAME}").addExtraDetail("No %s"));
    for (ConfigException e : thrown) {
      assertThatThrownBy(
              () ->
                  Loading.of(
                      () -> {
                        throw e;
                      }))
          .isInstanceOf(InvalidPoolConfigException.class)
          .hasNoCause()
          .hasMessageNotContaining("hunter2")
          .satisfies(
              told -> {
                if (e.origin() != null) {
                  assertThat(told).hasMessageContaining("https://u:***@h/shop.conf?***");
                }
                if (e instanceof ConfigException.UnresolvedSubstitution) {
                  assertThat(told).hasMessageContaining("${NAME}");
                }
              });
    }
  }
}
