package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.InvalidPoolConfigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("contract")
class BadConfigTest {

  /** Mending one problem per start of the application is no way to spend a night. */
  @Test
  void everyProblemIsToldAtOnce() {
    assertThat(
            Hocon.problems(
                "min-sise = 1",
                "min-size = 30",
                "max-size = 2.5",
                "max-waiters = []",
                "idle-timeout = 300",
                "connect-timeout = 3 fortnights",
                "acquire-timeout = -1s",
                "fail-fast = maybe",
                "sleep = sometimes",
                "reset = null",
                "user = { name = x }",
                "properties = 7",
                "retry { max-attempts = 0, max-atempts = 1, max-backoff = soon }"))
        .containsExactly(
            "unknown key everpool.min-sise; did you mean min-size? (String: 3)",
            "unknown key everpool.retry.max-atempts; did you mean retry.max-attempts? (String: 15)",
            "everpool.user is a block; it must be a string (String: 13)",
            "everpool.properties is a number; it must be a block { ... } (String: 14)",
            "everpool.max-size is \"2.5\"; it must be a whole number, such as 20 (String: 5)",
            "everpool.idle-timeout is \"300\"; it must be a number with one of the units ns, us,"
                + " ms, s, m, h, d, such as 300s (String: 7)",
            "everpool.connect-timeout is \"3 fortnights\"; it must be a number with one of the"
                + " units ns, us, ms, s, m, h, d, such as 300s (String: 8)",
            "everpool.max-waiters is a list; it must be a whole number, such as 20 (String: 6)",
            "everpool.fail-fast is \"maybe\"; it must be true or false (String: 10)",
            "everpool.sleep is \"sometimes\"; it must be one of auto, on, off (String: 11)",
            "everpool.reset is null; leave it out to have its default (String: 12)",
            "everpool.retry.max-backoff is \"soon\"; it must be a number with one of the units ns,"
                + " us, ms, s, m, h, d, such as 300s (String: 15)",
            "everpool.acquire-timeout is -1s; it must be above zero and at most 365 days"
                + " (String: 9)",
            "everpool.retry.max-attempts is 0; it must be 1 (no retry) or more (String: 15)");
  }

  /**
   * min-size = 30 above is no problem of its own: max-size couldn't be read, and the 20 that stands
   * in for it was nobody's wish.
   */
  @Test
  void aDefaultThatStandsInForAnUnreadValueCausesNoFurtherProblem() {
    assertThat(Hocon.problems("max-size = x", "min-size = 30")).hasSize(1);
    assertThat(Hocon.problems("max-size = 20", "min-size = 30"))
        .containsExactly("everpool.min-size (30) is above max-size (20) (String: 4)");
    assertThat(Hocon.problems("url = []"))
        .containsExactly("everpool.url is a list; it must be a string (String: 3)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.5", "1e3", "abc", "true", "0x10", "1_000"})
  void whatIsNoWholeNumberIsRefused(String written) {
    assertThat(Hocon.problems("max-size = " + written))
        .singleElement()
        .asString()
        .startsWith("everpool.max-size is \"" + written + "\"; it must be a whole number");
  }

  /** A number that is too large is one all the same. */
  @ParameterizedTest
  @CsvSource({
    "max-size, 3000000000, 1 to 10000",
    "max-size, 9999999999999999999999, 1 to 10000",
    "max-size, -3000000000, 1 to 10000",
    "max-waiters, 2147483648, at most 2147483647",
    "max-waiters, 3000000000, at most 2147483647",
    "max-waiters, 9999999999999999999999, at most 2147483647",
    "max-waiters, -3000000000, 0 (nobody waits) or more",
    "max-queries, 9223372036854775808, at most 9223372036854775807",
    "max-queries, -9223372036854775809, 0 (no limit) or more",
    "retry.max-attempts, 3000000000, at most 2147483647",
    "retry.max-attempts, -3000000000, 1 (no retry) or more"
  })
  void aWholeNumberOutOfRangeIsToldTheRange(String key, String written, String range) {
    for (String quote : List.of("", "\"")) {
      assertThat(Hocon.problems(key + " = " + quote + written + quote))
          .containsExactly(
              "everpool." + key + " is \"" + written + "\"; it must be " + range + " (String: 3)");
    }
  }

  @Test
  void whatTheBuilderTakesIsTaken() {
    assertThat(Hocon.pool("max-queries = " + Long.MAX_VALUE).maxQueries())
        .isEqualTo(Long.MAX_VALUE);
    assertThat(Hocon.pool("max-queries = \"+" + Long.MAX_VALUE + "\"").maxQueries())
        .isEqualTo(Long.MAX_VALUE);
    assertThat(Hocon.pool("max-waiters = " + Integer.MAX_VALUE).maxWaiters())
        .isEqualTo(Integer.MAX_VALUE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "5",
        "s",
        "5 x",
        "true",
        "1h30m",
        "99999999999999999999",
        "1.5",
        "1e3",
        "1e3s",
        "-5",
        "0.0001ns",
        "5 S",
        "1_000s",
        "5ss",
        "1.s"
      })
  void whatIsNoDurationIsRefused(String written) {
    assertThat(Hocon.problems("idle-timeout = " + written))
        .singleElement()
        .asString()
        .startsWith("everpool.idle-timeout is \"" + written + "\"; it must be a number with");
  }

  /** What can't be seen is no accident of a shell or a file, but of something else. */
  @ParameterizedTest
  @ValueSource(strings = {"5\\u0000s", "5s\\u0000", "\\u00005s", "5\\u00a0s", "5\\u200bs", "٥s"})
  void anInvisibleCharacterIsNoPartOfADuration(String written) {
    assertThat(Hocon.problems("idle-timeout = \"" + written + "\""))
        .singleElement()
        .asString()
        .startsWith("everpool.idle-timeout is a text that isn't shown");
    assertThat(Hocon.problems("max-size = \"" + written.replace("s", "") + "\"")).hasSize(1);
  }

  /** HOCON's own arithmetic stops at 292 years; ours at one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "999999999999999d",
        "9223372036854775807ms",
        "9223372036854775807ns",
        "9223372036854775808ms",
        "99999999999999999999999999999999999999d",
        "9223372036854775807.5s"
      })
  void aDurationBeyondReasonIsRefusedNotCut(String written) {
    assertThat(Hocon.problems("idle-timeout = " + written))
        .singleElement()
        .asString()
        .startsWith("everpool.idle-timeout is ")
        .endsWith("it must be zero (off) to 365 days (String: 3)");
    assertThat(Hocon.problems("acquire-timeout = -" + written))
        .singleElement()
        .asString()
        .endsWith("it must be above zero and at most 365 days (String: 3)");
  }

  /** What is less than a nanosecond is cut off, unless nothing is left. */
  @Test
  void aDurationMayHaveMoreDigitsThanNanosecondsNeed() {
    assertThat(Hocon.pool("idle-timeout = 1.50000000000000000000001s").idleTimeout())
        .hasMillis(1500);
    assertThat(Hocon.pool("idle-timeout = 000000000000000000000005s").idleTimeout()).hasSeconds(5);
  }

  /** Only a switch may be spelt as a boolean. */
  @Test
  void aBooleanIsNoMemberOfAnOrdinaryEnum() {
    assertThat(Hocon.problems("health-check = true"))
        .containsExactly(
            "everpool.health-check is \"true\"; it must be one of auto, look, query (String: 3)");
  }

  /** What one is used to from elsewhere, or nearly right. */
  @ParameterizedTest
  @CsvSource({
    "minSize, min-size",
    "max_size, max-size",
    "maximumPoolSize, max-size",
    "connectionTimeout, acquire-timeout",
    "jdbcUrl, url",
    "username, user",
    "maxActive, max-size",
    "maxTotal, max-size",
    "minIdle, min-size",
    "initialSize, min-size",
    "maxWait, acquire-timeout",
    "maxWaitMillis, acquire-timeout",
    "maxAge, max-lifetime",
    "maxConnLifetimeMillis, max-lifetime",
    "minEvictableIdleTimeMillis, idle-timeout",
    "timeBetweenEvictionRunsMillis, health-check-interval",
    "validationQueryTimeout, validation-timeout",
    "defaultQueryTimeout, command-timeout",
    "removeAbandonedTimeout, leak-threshold",
    "initSQL, connection-init-sql",
    "connectionProperties, properties",
    "pasword, password",
    "health-check-intervall, health-check-interval",
    "max-attempts, retry.max-attempts",
    "sleep-afetr, sleep-after",
    "propertys, properties"
  })
  void anUnknownKeyNamesTheNearestKnownOne(String written, String meant) {
    assertThat(Hocon.problems(written + " = 1"))
        .containsExactly(
            "unknown key everpool." + written + "; did you mean " + meant + "? (String: 3)");
  }

  /** A wild guess misleads. */
  @Test
  void anUnknownKeyThatResemblesNoneIsJustUnknown() {
    assertThat(Hocon.problems("colour = blue"))
        .containsExactly("unknown key everpool.colour (String: 3)");
    assertThat(Spelling.ELSEWHERE.values()).isSubsetOf(Keys.ALL);
    assertThat(Spelling.ELSEWHERE.keySet()).doesNotContainAnyElementsOf(Keys.ALL);
  }

  /** The two spellings of one property mean the same; which would win is a matter of luck. */
  @Test
  void aPropertyThatIsSetTwiceIsRefused() {
    assertThat(Hocon.problems("properties { a { b = 1 }, \"a.b\" = 2, c = [1] }"))
        .containsExactly(
            "everpool.properties.a.b is set twice, with dots and with blocks (String: 3)",
            "everpool.properties.c is a list; it must be a string (String: 3)");
  }

  /** The line is what one looks for. */
  @Test
  void aProblemNamesTheFileAndTheLine(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("shop.conf");
    Files.writeString(file, "everpool {\n url = \"jdbc:x\"\n max-size = none\n}\n");

    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(ConfigFactory.parseFile(file.toFile()))))
        .singleElement()
        .asString()
        .endsWith("shop.conf: 3)");
  }

  /** Whatever is wrong, what is secret stays so. */
  @Test
  void noSecretIsInAnyText() {
    List<String> bad =
        List.of(
            "password = { hidden = hunter2 }",
            "password = [hunter2]",
            "passwort = hunter2",
            "url = \"postgresql://app:hunter2@db/x\"\nmin-size = -1",
            "url = [\"postgresql://app:hunter2@db/x\"]",
            "max-size = \"postgresql://app:hunter2@db/x?password=hunter2\"",
            "properties = \"password=hunter2\"",
            "properties { password = [hunter2], sslpassword = { x = [hunter2] } }",
            "password = hunter2\nproperties { password = hunter2 }\nmax-size = 0");
    for (String lines : bad) {
      assertThatThrownBy(() -> Hocon.pool(lines))
          .as(lines)
          .isInstanceOf(InvalidPoolConfigException.class)
          .satisfies(
              thrown -> assertThat(String.valueOf(thrown.getMessage())).doesNotContain("hunter2"));
    }
    assertThat(Hocon.pool("password = hunter2", "properties { password = hunter2 }").toString())
        .doesNotContain("hunter2");
  }

  /**
   * The library shows both sides of a concatenation that fails, and one may be a secret. What a
   * driver of logs prints is the whole chain of causes, so none may hold it.
   */
  @Test
  void aSubstitutionThatFailsShowsNoSecret() {
    Config unresolved =
        ConfigFactory.parseString("x = { y = 1 }\neverpool.password = \"hunter2\"${x}");
    assertThatThrownBy(() -> EverpoolConfig.from(unresolved))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasNoCause()
        .hasMessageNotContaining("hunter2")
        .hasMessageContaining("could not be resolved");
  }

  /** What nobody has set gives way to what somebody has. */
  @Test
  void aDefaultGivesWayToWhatWasSaid() {
    assertThat(Hocon.pool("max-size = 1").minSize()).isEqualTo(1);
    assertThat(Hocon.pool("min-size = 30").maxSize()).isEqualTo(30);
    assertThat(Hocon.pool("retry { max-backoff = 1ms }").retry().initialBackoff()).hasMillis(1);
    assertThat(Hocon.pool("retry { initial-backoff = 1m }").retry().maxBackoff()).hasMinutes(1);
    Config withReference =
        Hocon.lines("everpool { url = \"" + Hocon.URL + "\", max-size = 1 }")
            .withFallback(ConfigFactory.parseResources(EverpoolConfig.class, "/reference.conf"));
    assertThat(EverpoolConfig.from(withReference).minSize()).isEqualTo(1);
  }

  /** Nor is what looks like a secret by chance: the name of a pool, or a short value elsewhere. */
  @Test
  void whatIsNoSecretIsShown() {
    Config config =
        ConfigFactory.parseString(
                """
                cache.key-length = 1
                everpool.pools.keycloak { url = "postgresql://h/d", max-size = many, min-size = 1x }
                """)
            .resolve();
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(config, "keycloak")))
        .anyMatch(problem -> problem.contains("\"many\""))
        .anyMatch(problem -> problem.contains("\"1x\""));
  }

  /** A variable of another name may hold a password: nobody who reads the log may see it. */
  @Test
  void whatCameFromElsewhereIsNotShown() {
    Config config =
        ConfigFactory.parseString(
                """
                EVERPOOL_WRONG = hunter2
                db { pw = hunter, pin = 123456 }
                copy = soon
                everpool {
                  url = "postgresql://h/d"
                  password = sesame
                  min-size = ${?EVERPOOL_WRONG}
                  max-size = ${db.pw}
                  max-waiters = ${everpool.password}
                  max-queries = "a"${db.pw}
                  idle-timeout = ${copy}
                  retry { max-attempts = -${db.pin} }
                  name = ${db.pw}"/"
                }
                """)
            .resolve();
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(config)))
        .hasSize(7)
        .noneMatch(problem -> problem.matches("(?s).*(?:hunter|123456|sesame|soon).*"));
    assertThat(Hocon.problems("max-size = hunter2", "idle-timeout = \"p@ss\""))
        .noneMatch(problem -> problem.contains("hunter2") || problem.contains("p@ss"));
  }

  /** The environment of the tests has this variable, see the pom. */
  @Test
  void whatTheEnvironmentHoldsIsNotShown() {
    for (String key : Keys.ALL) {
      if (!key.equals("retry") && !key.equals("properties")) {
        Config config =
            ConfigFactory.parseString(
                "everpool { url = x, " + key + " = ${?NEON_DB_URL}, max-waiters = -1 }");
        assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(config)))
            .as(key)
            .isNotEmpty()
            .noneMatch(problem -> problem.contains("env-secret"));
      }
    }
  }

  /** Who misspells the block has set nothing at all, wherever the URL came from. */
  @ParameterizedTest
  @ValueSource(strings = {"everpol", "Everpool", "ever-pool", "everpools", "evrpool"})
  void aBlockThatIsNearlyOursIsRefused(String written) {
    Config config = Hocon.lines(written + " { max-size = 3 }", "everpool.url = \"jdbc:x\"");
    String problem = written + " has no effect; did you mean everpool? (String: 1)";
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(config))).containsExactly(problem);
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.poolNames(config))).containsExactly(problem);
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(config, "x"))).contains(problem);
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(config.withoutPath("everpool"))))
        .contains(problem);
  }

  @Test
  void aKeyThatIsOneBecauseOfItsQuotesIsRefused() {
    Config config = Hocon.lines("\"everpool.max-size\" = 3", "everpool.url = \"jdbc:x\"");
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(config)))
        .containsExactly(
            "\"everpool.max-size\" is one key, because of its quotes, and has no effect; write it"
                + " without them (String: 1)");
  }

  /** Other things than a pool may have a name like ours. */
  @Test
  void aBlockOfSomethingElseIsLeftAlone() {
    Config config = Hocon.lines("evertool { x = 1 }", "everpools = 3", "everpool.url = \"jdbc:x\"");
    assertThat(EverpoolConfig.from(config).url()).isEqualTo("jdbc:x");
  }

  /** What the library says of a file may hold anything that stands in it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "url = postgresql://app:hunter2@h/d",
        "password = \"hunter2",
        "password = hunter2@x",
        "password = ${hunter2",
        "password = hunter2 { ",
        "include required(\"nowhere.conf\")"
      })
  void aFileThatCannotBeReadIsToldWithAdviceAndWithoutSecrets(String line, @TempDir Path folder)
      throws Exception {
    Path file = folder.resolve("shop.conf");
    Files.writeString(file, "everpool {\n" + line + "\n}\n");
    assertThatThrownBy(() -> Loading.of(() -> ConfigFactory.parseFile(file.toFile())))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasNoCause()
        .hasMessageContaining("could not be read")
        .hasMessageNotContaining("hunter2");
  }

  /** Whatever is written: it is taken, or refused by the name of its setting and by nobody else. */
  @Test
  void whateverIsWrittenIsTakenOrRefusedByName() {
    List<String> values =
        List.of(
            "null",
            "true",
            "0",
            "-1",
            "1.5",
            "1e3",
            "1e400",
            "9999999999999999999999",
            "\"\"",
            "\" \"",
            "\"\\u0000\"",
            "[]",
            "[1, 2]",
            "{}",
            "{ a = 1 }",
            "5s",
            "-5s",
            "5 s",
            "s",
            "\"5\\u0000s\"",
            "999999999999d",
            "1e-9s",
            "NaN",
            "Infinity",
            "0x10",
            "010",
            "\"٣\"",
            "auto",
            "ON",
            "\"a b c\"",
            "\"${x}\"",
            "\"\"\"a\nb\"\"\"",
            "${?NOT_SET_ANYWHERE}");
    for (String key : Keys.ALL) {
      for (String value : values) {
        List<String> problems = List.of();
        try {
          Hocon.pool(key + " = " + value);
        } catch (InvalidPoolConfigException refused) {
          problems = refused.problems();
        }
        assertThat(problems)
            .as(key + " = " + value)
            .allMatch(problem -> problem.contains("everpool." + key));
      }
    }
  }
}
