package io.everpool.postgresql.driver;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.postgresql.PostgresAdapter;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.Driver;

/** What the driver is too old for is refused where it is asked for, and only there. */
@Tag("contract")
class PresentDriverTest {
  private static final PresentDriver DRIVER = PresentDriver.HERE;

  private static List<String> problems(PoolConfig.Builder config) {
    InvalidPoolConfigException refusal =
        Assertions.catchThrowableOfType(
            InvalidPoolConfigException.class, () -> connector(config.build()));
    return refusal == null ? List.of() : refusal.problems();
  }

  private static Connector connector(PoolConfig config) {
    return new PostgresAdapter().connector(config);
  }

  private static boolean atLeast(String version) {
    return Arrays.compare(numbers(DRIVER.version()), numbers(version)) >= 0;
  }

  private static int[] numbers(String version) {
    return Arrays.stream(version.split("\\.")).mapToInt(Integer::parseInt).toArray();
  }

  /** So that no run can be of another version than the one that it is for. */
  @Test
  void theDriverIsTheOneThatThisRunIsFor() {
    String expected = System.getProperty("everpool.pgjdbc", DRIVER.version());
    assertThat(DRIVER.version()).isEqualTo(expected).matches("42\\.[567]\\.\\d+");
    assertThat(Driver.class.getProtectionDomain().getCodeSource().getLocation().getPath())
        .endsWith("postgresql-" + expected + ".jar");
  }

  /** A name that no driver has would be sent to all of them in vain. */
  @Test
  void everyNameIsKnownOrSaidToBeLater() throws IllegalAccessException {
    for (Field field : PropertyNames.class.getDeclaredFields()) {
      if (!field.isSynthetic()) {
        String name = String.valueOf(field.get(null));
        assertThat(DRIVER.knows(name)).as(name).isEqualTo(DRIVER.tooOldFor(name) == null);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "gssResponseTimeout, 5, 42.5.2",
    "channelBinding, require, 42.7.4",
    "maxSendBufferSize, 8192, 42.7.4",
    "sslNegotiation, direct, 42.7.4",
    "gssUseDefaultCreds, true, 42.7.5",
    "convertBooleanToNumeric, true, 42.7.8",
    "pemKeyAlgorithm, RSA, 42.7.9",
    "queryTimeout, 5, 42.7.9",
    "requireAuth, scram-sha-256, 42.7.11",
    "scramMaxIterations, 100000, 42.7.11",
    "classLoaderStrategy, driver, 42.7.13",
    "connectExecutor, com.example.X, 42.7.13",
    "connectExecutorArg, x, 42.7.13",
    "flushCacheOnDdl, true, 42.7.13",
    "reWriteBatchedInsertsSize, 128, 42.7.13"
  })
  void aPropertyIsHadFromItsVersionOnAndRefusedBefore(String name, String value, String since) {
    String[] expected =
        atLeast(since)
            ? new String[0]
            : new String[] {
              name
                  + " can't be honoured: pgjdbc "
                  + DRIVER.version()
                  + " is too old for it: it came with "
                  + since
                  + ", use that or newer"
            };
    assertThat(DRIVER.knows(name)).isEqualTo(atLeast(since));
    assertThat(problems(PoolConfig.builder("jdbc:postgresql://h/d?" + name + "=" + value)))
        .containsExactly(expected);
    assertThat(problems(PoolConfig.builder("postgresql://h/d").properties(Map.of(name, value))))
        .containsExactly(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "channel_binding, require, 42.7.4",
    "sslnegotiation, direct, 42.7.4",
    "require_auth, scram-sha-256, 42.7.11",
    "require_auth, '!password,!md5', 42.7.11"
  })
  void aParameterOfLibpqIsHadFromItsVersionOnAndRefusedBefore(
      String name, String value, String since) {
    List<String> said =
        problems(PoolConfig.builder("postgresql://h/d?sslmode=require&" + name + "=" + value));
    if (atLeast(since)) {
      assertThat(said).isEmpty();
    } else {
      assertThat(said)
          .singleElement()
          .asString()
          .startsWith(name + " can't be honoured: pgjdbc " + DRIVER.version())
          .contains("it came with " + since)
          .doesNotContain("=" + value);
    }
  }

  /** Three had it and logged in without it where the server asked for another login. */
  @ParameterizedTest
  @CsvSource({
    "42.7.3 , came with 42.7.4",
    "42.7.4 , CVE-2025-49146",
    "42.7.6 , CVE-2025-49146",
    "42.7.7 , ''",
    "42.7.11, ''",
    "43.0.0 , ''",
    "mine   , ''"
  })
  void channelBindingIsRequiredOfDriversThatKeepIt(String version, String why) {
    boolean has = !version.equals("42.7.3");
    PresentDriver driver =
        new PresentDriver(version, has ? Map.of("channelBinding", List.of()) : Map.of());
    assertThat(driver.tooOldFor("channelBinding", "require"))
        .isEqualTo(why.isEmpty() ? null : driver.tooOldFor("channelBinding", "require"))
        .satisfies(said -> assertThat(String.valueOf(said)).contains(why.isEmpty() ? "null" : why));
    assertThat(driver.tooOldFor("channelBinding", "prefer") == null).isEqualTo(has);
  }

  /** What says no more than an old driver does anyway is nothing to refuse, nor to speak of. */
  @ParameterizedTest
  @CsvSource({
    "channel_binding, prefer, channelBinding",
    "channel_binding, disable, channelBinding",
    "sslnegotiation, postgres, sslNegotiation"
  })
  void whatTheDriverDoesAnywayIsNeverRefused(String name, String value, String property) {
    for (String url :
        List.of(
            "postgresql://h/d?" + name + "=" + value,
            "jdbc:postgresql://h/d?" + property + "=" + value)) {
      PoolConfig config = PoolConfig.builder(url).build();
      assertThat(problems(PoolConfig.builder(url))).isEmpty();
      assertThat(connector(config).notes()).isEmpty();
    }
  }

  /** Neon's pooler takes no start-up options, so there the driver's queryTimeout must serve. */
  @Test
  void aCommandTimeoutThatNobodyEnforcesIsSaidAloud() {
    PoolConfig config = PoolConfig.builder("postgresql://u@ep-x-pooler.eu.aws.neon.tech/d").build();
    assertThat(connector(config).notes())
        .singleElement()
        .asString()
        .contains("ALTER ROLE")
        .contains(
            atLeast("42.7.9")
                ? "is enforced by the driver"
                : "is not enforced: pgjdbc " + DRIVER.version() + " has no queryTimeout");
  }
}
