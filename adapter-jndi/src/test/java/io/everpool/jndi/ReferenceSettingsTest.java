package io.everpool.jndi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.fakes.OtherValues;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.naming.CompositeName;
import javax.naming.Name;
import javax.naming.Reference;
import javax.naming.StringRefAddr;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReferenceSettingsTest {
  private static final String URL = "postgresql://db.example.com/shop";

  static Stream<Setting<?>> settings() {
    return PoolConfig.settings().stream()
        .flatMap(
            setting -> setting.parts().isEmpty() ? Stream.of(setting) : setting.parts().stream());
  }

  /** A reference with these addresses, each a name and a content. */
  static Reference reference(String... addresses) {
    Reference reference = new Reference(DataSource.class.getName());
    for (int i = 0; i < addresses.length; i += 2) {
      reference.add(new StringRefAddr(addresses[i], addresses[i + 1]));
    }
    return reference;
  }

  private static PoolConfig read(@Nullable Name name, String... addresses) {
    return ReferenceSettings.read(reference(addresses), name);
  }

  private static PoolConfig with(String... addresses) {
    return read(null, withUrl(addresses));
  }

  private static String[] withUrl(String... addresses) {
    return Stream.concat(Stream.of("url", URL), Stream.of(addresses)).toArray(String[]::new);
  }

  private static List<String> problems(String... addresses) {
    return catchThrowableOfType(
            InvalidPoolConfigException.class, () -> read(null, withUrl(addresses)))
        .problems();
  }

  @ParameterizedTest
  @MethodSource("settings")
  void everySettingIsAnAttributeInKebabAndInCamelCase(Setting<?> setting) {
    checkReached(setting);
  }

  private static <T> void checkReached(Setting<T> setting) {
    if (List.of("url", "name").contains(setting.key())) {
      return; // what a URL and a name become, others ask
    }
    T other = OtherValues.of(setting);
    PoolConfig wanted = PoolConfig.builder(URL).set(setting, other).build();
    String key = setting.key();
    for (String attribute : List.of(key, camel(key))) {
      PoolConfig config =
          other instanceof Map<?, ?> map
              ? with(attribute + "." + map.keySet().iterator().next(), "other")
              : with(
                  attribute, OtherValues.text(other instanceof List<?> list ? list.get(0) : other));
      assertThat(config).as(attribute).isEqualTo(wanted);
    }
  }

  private static String camel(String kebab) {
    StringBuilder camel = new StringBuilder();
    boolean capital = false;
    for (char letter : kebab.toCharArray()) {
      if (letter != '-') {
        camel.append(capital ? Character.toUpperCase(letter) : letter);
      }
      capital = letter == '-';
    }
    return camel.toString();
  }

  @Test
  void thePropertiesOfTheDriverHaveItsOwnNames() {
    assertThat(
            with("properties.sslMode", "a", "properties.x-y.Z", "b", "properties.q", "")
                .properties())
        .isEqualTo(Map.of("sslMode", "a", "x-y.Z", "b", "q", ""));
  }

  /** A blank divides them, because a comma alone divides the hosts of one. */
  @Test
  void severalReadersHaveBlanksBetweenThem() {
    assertThat(
            with("readers", " postgresql://a,b/shop\n  postgresql://c/shop, postgresql://d/shop ")
                .readers())
        .containsExactly("postgresql://a,b/shop", "postgresql://c/shop", "postgresql://d/shop");
    assertThat(with("readers", " ").readers()).isEmpty();
  }

  @Test
  void whatIsForTheContainerIsNoSetting() {
    assertThat(
            with(
                "auth", "Container",
                "closeMethod", "close",
                "description", "of the shop",
                "factory", EverpoolObjectFactory.class.getName(),
                "scope", "Shareable",
                "singleton", "true",
                "type", "javax.sql.DataSource"))
        .isEqualTo(with());
  }

  @ParameterizedTest
  @CsvSource({
    "shop, shop",
    "jdbc/shop, shop",
    "java:comp/env/jdbc/shop, shop",
    "java:shop, java-shop",
    "jdbc/the shop, the-shop",
    "jdbc/, everpool",
  })
  void theResourcesNameNamesThePool(String resource, String pool) throws Exception {
    assertThat(read(new CompositeName(resource), "url", URL).name()).isEqualTo(pool);
    assertThat(with("name", resource).name()).isEqualTo(pool);
  }

  @Test
  void aNameOfItsOwnCountsMore() throws Exception {
    Name name = new CompositeName("jdbc/shop");
    assertThat(read(name, withUrl("poolName", "orders")).name()).isEqualTo("orders");
    assertThat(read(name, withUrl("pool-name", "orders", "name", "jdbc/shop")).name())
        .isEqualTo("orders");
    assertThat(read(new CompositeName("x".repeat(99)), "url", URL).name())
        .isEqualTo("x".repeat(54));
    assertThat(problems("poolName", "a b"))
        .singleElement()
        .asString()
        .startsWith("name is \"a b\"; use 1 to 64 letters")
        .endsWith("(poolName)");
  }

  /** What the pools are used to that resources are written for. */
  @ParameterizedTest
  @CsvSource({
    "jdbcUrl, url",
    "username, user",
    "maximumPoolSize, max-size",
    "maxActive, max-size",
    "maxTotal, max-size",
    "minimumIdle, min-size",
    "minIdle, min-size",
    "initialSize, min-size",
    "connectionTimeout, acquire-timeout",
    "maxWait, acquire-timeout",
    "maxWaitMillis, acquire-timeout",
    "maxAge, max-lifetime",
    "maxConnLifetimeMillis, max-lifetime",
    "minEvictableIdleTimeMillis, idle-timeout",
    "timeBetweenEvictionRunsMillis, health-check-interval",
    "validationQueryTimeout, validation-timeout",
    "initSQL, connection-init-sql",
    "connectionInitSqls, connection-init-sql",
    "connectionProperties, properties",
    "removeAbandonedTimeout, leak-threshold",
    "maxSiez, max-size",
    "retry.max-atempts, retry.max-attempts"
  })
  void anAttributeThatIsNotOursNamesTheOneThatIs(String attribute, String ours) {
    assertThat(problems(attribute, "s3cret"))
        .containsExactly("unknown key " + attribute + "; did you mean " + ours + "?");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "driverClassName",
        "maxIdle",
        "pools",
        "removeAbandoned",
        "testOnBorrow",
        "testOnReturn",
        "testWhileIdle",
        "validationInterval",
        "validationQuery"
      })
  void oneWithoutACounterpartIsToBeLeftOut(String attribute) {
    assertThat(problems(attribute, "s3cret"))
        .singleElement()
        .asString()
        .startsWith("unknown key " + attribute + "; leave it out: ");
  }

  @Test
  void allProblemsAreToldAtOnceAndWithoutASecret() {
    assertThat(
            problems(
                "maxSize", "many",
                "max-size", "9",
                "properties", "password=s3cret",
                "retry", "s3cret",
                "acquire-timeout", "30000",
                "singleton", "false",
                "password", "s3cret",
                "passwordFile", "/run/s3cret",
                "colour", "s3cret"))
        .containsExactlyInAnyOrder(
            "maxSize and max-size are one setting: leave one of them out",
            "properties can't be one text: write each part as an attribute, such as"
                + " properties.ApplicationName",
            "retry can't be one text: write each part as an attribute, such as retry.max-attempts",
            "singleton must not be false: each look-up would open a pool, and nobody would close it",
            "unknown key colour",
            "max-size is \"many\"; it must be a whole number, such as 20 (maxSize)",
            "acquire-timeout is \"30000\"; it must be a number with one of the units"
                + " ns, us, ms, s, m, h, d, such as 300s",
            "password-file stands beside password; use one of them (passwordFile)");
  }

  @Test
  void withoutAUrlThereIsNoPool() {
    assertThat(
            catchThrowableOfType(InvalidPoolConfigException.class, () -> read(null, "user", "app"))
                .problems())
        .containsExactly("url is missing; set it");
  }
}
