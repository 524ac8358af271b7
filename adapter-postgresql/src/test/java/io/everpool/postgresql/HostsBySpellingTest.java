package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.PoolerMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.servers.FaultProxy;
import java.io.IOException;
import java.net.InetAddress;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A host is the same host however the URL spells it: an address has several spellings, and its
 * socket tells but one. A server counts the logins that it refuses.
 */
@Timeout(300)
@Tag("contract")
class HostsBySpellingTest {
  private static final List<String> SPELLINGS =
      List.of(
          "[::1]",
          "[0:0:0:0:0:0:0:1]",
          "[0::0001]",
          "[::ffff:127.0.0.1]",
          "127.0.0.1",
          "127.1",
          "127.0.1",
          "2130706433",
          "localhost",
          "LOCALHOST");

  static List<Object[]> spellings() {
    List<Object[]> rows = new ArrayList<>();
    for (String spelling : SPELLINGS) {
      for (PoolerMode mode : List.of(PoolerMode.NONE, PoolerMode.AUTO)) {
        rows.add(new Object[] {spelling, mode});
      }
    }
    return rows;
  }

  private static Postmaster postmaster(String spelling) throws IOException {
    return new Postmaster(Sessions.tlsServer(), InetAddress.getByName(spelling));
  }

  private static SQLException failure(
      String hosts, String type, PoolerMode mode, Verdict expected) {
    String url =
        "jdbc:postgresql://%s/app?user=app&sslmode=disable&hostRecheckSeconds=0&targetServerType=%s"
            .formatted(hosts, type);
    try (Connector connector =
        Sessions.connector(url, config -> config.password("secret").pooler(mode))) {
      SQLException failure =
          catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
      assertThat(connector.classify(failure)).as(hosts + ": " + failure).isEqualTo(expected);
      return failure;
    }
  }

  @ParameterizedTest
  @MethodSource("spellings")
  void aSingleHostThatRefusesIsAskedOnce(String spelling, PoolerMode mode) throws IOException {
    try (Postmaster postmaster = postmaster(spelling)) {
      postmaster.answersInProtocol("28P01", "password authentication failed");
      String host = spelling + ":" + postmaster.port();
      SQLException failure = failure(host, "any", mode, Verdict.ACCESS_DENIED);
      assertThat(failure.getMessage()).doesNotContain("Other hosts");
      assertThat(postmaster.accepted()).isEqualTo(1);
    }
  }

  /** The other one is away, so each that wasn't heard might tell more, or be one that writes. */
  @ParameterizedTest
  @MethodSource("spellings")
  void eachOfSeveralIsAskedOnceAndNamedAsInTheUrl(String spelling, PoolerMode mode)
      throws IOException {
    for (String type : List.of("any", "primary", "preferSecondary")) {
      for (boolean first : new boolean[] {true, false}) {
        try (Postmaster postmaster = postmaster(spelling);
            FaultProxy away = FaultProxy.before("127.0.0.1", 1)) {
          away.refuse();
          postmaster.answersInProtocol("28P01", "password authentication failed");
          String host = spelling + ":" + postmaster.port();
          String other = away.host() + ":" + away.port();
          String hosts = first ? host + "," + other : other + "," + host;
          SQLException failure = failure(hosts, type, mode, Verdict.SERVER_DOWN);
          assertThat(failure.getMessage())
              .endsWith(" Other hosts: " + host + ": FATAL: password authentication failed.");
          assertThat(postmaster.accepted()).as(hosts + " " + type).isEqualTo(1);
        }
      }
    }
  }

  /** All refuse for good, so that the hosts that weren't reached would be asked. */
  @ParameterizedTest
  @MethodSource("spellings")
  void noneIsTakenForOneThatWasPassedOver(String spelling, PoolerMode mode) throws IOException {
    try (Postmaster one = postmaster(spelling);
        Postmaster other = postmaster("127.0.0.1")) {
      one.answersInProtocol("28P01", "password authentication failed");
      other.answersInProtocol("28000", "role app is not permitted to log in");
      String host = spelling + ":" + one.port();
      SQLException failure =
          failure(host + ",127.1:" + other.port(), "any", mode, Verdict.ACCESS_DENIED);
      assertThat(failure.getMessage()).contains("is not permitted to log in");
      assertThat(failure.getMessage())
          .endsWith(" Other hosts: " + host + ": FATAL: password authentication failed.");
      assertThat(one.accepted()).isEqualTo(1);
      assertThat(other.accepted()).isEqualTo(1);
    }
  }

  /**
   * The driver asks once by each spelling. A further login would be asked of a host that was heard.
   */
  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 127.1",
    "127.1, 127.0.0.1",
    "2130706433, 127.1",
    "localhost, LOCALHOST",
    "127.0.0.1, localhost",
    "127.1, 127.1",
    "[::1], [0:0:0:0:0:0:0:1]",
    "[0::0001], [::1]",
    "[::1], [::1]",
    "[::ffff:127.0.0.1], 127.0.0.1"
  })
  void twoSpellingsOfOneHostAreAskedNoMoreThanTheURLSays(String one, String other)
      throws IOException {
    for (PoolerMode mode : List.of(PoolerMode.NONE, PoolerMode.AUTO)) {
      for (String state : List.of("28P01", "53300")) {
        try (Postmaster postmaster = postmaster(one)) {
          postmaster.answersInProtocol(state, "no");
          String hosts = one + ":" + postmaster.port() + "," + other + ":" + postmaster.port();
          failure(
              hosts,
              "any",
              mode,
              state.equals("28P01") ? Verdict.ACCESS_DENIED : Verdict.OUT_OF_SLOTS);
          assertThat(postmaster.accepted())
              .as(hosts + " " + mode + " " + state)
              .isEqualTo(one.equals(other) ? 1 : 2);
        }
      }
    }
  }
}
