package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.HealthCheck;
import io.everpool.api.LeakStackTraces;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.ReaderFallback;
import io.everpool.api.ResetMode;
import io.everpool.api.RetryConfig;
import io.everpool.api.Setting;
import io.everpool.api.SleepMode;
import io.everpool.fakes.OtherValues;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("contract")
class EverySettingTest {

  static Stream<Setting<?>> settings() {
    return Hocon.settings().stream().filter(setting -> setting.parts().isEmpty());
  }

  /** Whatever the table has, and each alone, so that two keys can't be mixed up. */
  @ParameterizedTest
  @MethodSource("settings")
  void everyKeyReachesItsSettingAndNoOther(Setting<?> setting) {
    checkReached(setting);
  }

  private static <T> void checkReached(Setting<T> setting) {
    T other = OtherValues.of(setting);

    PoolConfig config = Hocon.pool(setting.key() + " = " + Hocon.text(other));

    assertThat(config.get(setting)).isEqualTo(other);
    assertThat(other).isNotEqualTo(PoolConfig.builder(Hocon.URL).build().get(setting));
    assertThat(config).isEqualTo(PoolConfig.builder(Hocon.URL).set(setting, other).build());
  }

  /** The ways to write them: units, blocks, substitutions, switches. A new one need not be here. */
  @Test
  void manyAtOnceReachTheirSettingsHoweverTheyAreWritten() {
    PoolConfig config =
        EverpoolConfig.from(
            Hocon.lines(
                """
                r2 = "postgresql://r2.example.com/shop"
                everpool {
                  name = shop
                  url = "postgresql://db.example.com/shop"
                  user = app
                  password = 12345
                  properties { ApplicationName = shop, ssl { mode = require }, "a.b" = 1.50 }
                  min-size = 3, max-size = 33, max-queries = 3000000000
                  max-lifetime = 11m, idle-timeout = 12s, health-check-interval = 13s
                  health-check = look, command-timeout = 14s, acquire-timeout = 15s
                  connect-timeout = 16s, validation-timeout = 17s, reset-timeout = 18s
                  close-timeout = 19s, drain-timeout = 20s, leak-threshold = 1h
                  leak-stack-traces = always
                  max-waiters = 7, fail-fast = no, size-advice = on
                  connection-init-sql = "set x.y = 1"
                  pooler = session, sleep = on, sleep-after = 1 d
                  reset = discard-all
                  readers = ["postgresql://r1.example.com/shop", ${r2}, ${?no_such_variable}]
                  reader-fallback = fail, max-replica-lag = 22s
                  retry {
                    max-attempts = 2, max-duration = 21s, initial-backoff = 5us
                    max-backoff = 0.5s, commit-outcome = false
                  }
                }
                """));

    assertThat(config)
        .isEqualTo(
            PoolConfig.builder("postgresql://db.example.com/shop")
                .name("shop")
                .user("app")
                .password("12345")
                .properties(Map.of("ApplicationName", "shop", "ssl.mode", "require", "a.b", "1.50"))
                .minSize(3)
                .maxSize(33)
                .maxQueries(3_000_000_000L)
                .maxLifetime(Duration.ofMinutes(11))
                .idleTimeout(Duration.ofSeconds(12))
                .healthCheckInterval(Duration.ofSeconds(13))
                .healthCheck(HealthCheck.LOOK)
                .commandTimeout(Duration.ofSeconds(14))
                .acquireTimeout(Duration.ofSeconds(15))
                .connectTimeout(Duration.ofSeconds(16))
                .validationTimeout(Duration.ofSeconds(17))
                .resetTimeout(Duration.ofSeconds(18))
                .closeTimeout(Duration.ofSeconds(19))
                .drainTimeout(Duration.ofSeconds(20))
                .leakThreshold(Duration.ofHours(1))
                .leakStackTraces(LeakStackTraces.ALWAYS)
                .maxWaiters(7)
                .failFast(false)
                .sizeAdvice(true)
                .connectionInitSql("set x.y = 1")
                .pooler(PoolerMode.SESSION)
                .sleep(SleepMode.ON)
                .sleepAfter(Duration.ofDays(1))
                .reset(ResetMode.DISCARD_ALL)
                .readers(
                    List.of("postgresql://r1.example.com/shop", "postgresql://r2.example.com/shop"))
                .readerFallback(ReaderFallback.FAIL)
                .maxReplicaLag(Duration.ofSeconds(22))
                .retry(
                    RetryConfig.builder()
                        .maxAttempts(2)
                        .maxDuration(Duration.ofSeconds(21))
                        .initialBackoff(Duration.ofNanos(5_000))
                        .maxBackoff(Duration.ofMillis(500))
                        .commitOutcome(false)
                        .build())
                .build());
  }

  /** Those exclude each other. */
  @Test
  void thePasswordMayComeFromElsewhere() {
    assertThat(Hocon.pool("password-file = /run/secrets/db").passwordFile())
        .isEqualTo("/run/secrets/db");
    assertThat(Hocon.pool("password-env = DB_PASSWORD").passwordEnv()).isEqualTo("DB_PASSWORD");
    assertThat(Hocon.problems("password = hunter2", "password-file = /run/secrets/db"))
        .singleElement()
        .asString()
        .contains("everpool.password-file stands beside password; use one of them")
        .doesNotContain("hunter2");
    assertThat(Hocon.problems("password-env = \"a b\""))
        .singleElement()
        .asString()
        .contains("everpool.password-env is a value that isn't shown; it must be the name of")
        .doesNotContain("a b");
  }

  /** What a named pool takes from the block around it can be taken back. */
  @Test
  void aPasswordOfTheBlockAroundGivesWayToNull() {
    var root =
        Hocon.lines(
            "everpool { url = \"jdbc:h2:mem:\", password = hunter2",
            "pools { a { password = null, password-file = /run/secrets/a }, b {} } }");
    assertThat(EverpoolConfig.from(root, "a").passwordFile()).isEqualTo("/run/secrets/a");
    assertThat(EverpoolConfig.from(root, "a").password()).isNull();
    assertThat(EverpoolConfig.from(root, "b").password()).isEqualTo("hunter2");
  }

  /** A list is a list: what somebody meant by one text nobody can know. */
  @Test
  void readersAreAListOfTexts() {
    assertThat(Hocon.pool("readers = []").readers()).isEmpty();
    assertThat(Hocon.pool("readers = [\"jdbc:h2:mem:a\"]").readers())
        .containsExactly("jdbc:h2:mem:a");
    assertThat(Hocon.pool("readers { 1 = \"jdbc:h2:mem:b\", 0 = \"jdbc:h2:mem:a\" }").readers())
        .as("as system properties and variables have it")
        .containsExactly("jdbc:h2:mem:a", "jdbc:h2:mem:b");
    assertThat(Hocon.pool("readers = [a]", "readers.0 = \"jdbc:h2:mem:a\"").readers())
        .containsExactly("jdbc:h2:mem:a");
    assertThat(Hocon.problems("readers { 0 = a, one = hunter2 }"))
        .singleElement()
        .asString()
        .contains("everpool.readers is a block; it must be a list of strings")
        .doesNotContain("hunter2");
    assertThat(Hocon.problems("readers = \"postgresql://u:hunter2@h/d\""))
        .singleElement()
        .asString()
        .contains("everpool.readers is a string; it must be a list of strings")
        .doesNotContain("hunter2");
    assertThat(Hocon.problems("readers = [{ url = hunter2 }]"))
        .singleElement()
        .asString()
        .contains("everpool.readers is a block; it must be a string")
        .doesNotContain("hunter2");
    assertThat(Hocon.problems("readers = [\"postgresql://u:hunter2@h/d\", \" \"]"))
        .singleElement()
        .asString()
        .contains("everpool.readers has one that is null or blank; each must be a URL")
        .doesNotContain("hunter2");
    assertThat(Hocon.problems("readers = null"))
        .singleElement()
        .asString()
        .contains("everpool.readers is null; leave it out to have its default");
  }

  /** HOCON reads on and off as strings, true and false as booleans; people write both. */
  @ParameterizedTest
  @CsvSource({
    "on, ON",
    "true, ON",
    "yes, ON",
    "off, OFF",
    "false, OFF",
    "no, OFF",
    "auto, AUTO",
    "\"true\", ON",
    "ON, ON"
  })
  void sleepIsASwitchHoweverItIsWritten(String written, SleepMode meant) {
    assertThat(Hocon.pool("sleep = " + written).sleep()).isEqualTo(meant);
  }

  /** What an environment variable gives is always a string. */
  @Test
  void numbersAndBooleansMayBeStrings() {
    PoolConfig config = Hocon.pool("max-size = \"8\"", "fail-fast = \"false\"");

    assertThat(config.maxSize()).isEqualTo(8);
    assertThat(config.failFast()).isFalse();
  }

  /** Zero is the same in every unit. */
  @ParameterizedTest
  @ValueSource(strings = {"0", "0s", "\"0\"", "0 ms"})
  void zeroNeedsNoUnit(String written) {
    assertThat(Hocon.pool("idle-timeout = " + written).idleTimeout()).isZero();
  }

  /** A Config made by hand has no reference.conf; the defaults must not depend on it. */
  @Test
  void whatIsSetNowhereHasTheDefaultOfTheBuilder() {
    assertThat(Hocon.pool()).isEqualTo(PoolConfig.builder(Hocon.URL).build());
  }

  /** Substitutions are resolved here if the caller hasn't. */
  @Test
  void anUnresolvedConfigIsResolved() {
    var root = Hocon.lines("size = 6", "everpool { url = \"jdbc:h2:mem:\", max-size = ${size} }");

    assertThat(EverpoolConfig.from(root).maxSize()).isEqualTo(6);
  }

  /** A substitution without a value is one more problem, and names itself. */
  @Test
  void aMissingSubstitutionIsAProblem() {
    var root = Hocon.lines("everpool { url = ${EVERPOOL_NO_SUCH_VARIABLE} }");

    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root)))
        .singleElement()
        .asString()
        .contains("${EVERPOOL_NO_SUCH_VARIABLE}");
  }
}
