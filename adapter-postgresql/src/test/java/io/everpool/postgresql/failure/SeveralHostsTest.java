package io.everpool.postgresql.failure;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import io.everpool.postgresql.failure.SeveralHosts.Kind;
import io.everpool.postgresql.socket.HostEnd;
import java.net.ConnectException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/** The table: what one host has said, by what the last one has. */
class SeveralHostsTest {

  /** What a host may say, in each of the ranks. */
  enum Word {
    FULL(0, Verdict.OUT_OF_SLOTS) {
      @Override
      SQLException failure() {
        return server("53300", "sorry, too many clients already");
      }
    },
    PROXY(1, Verdict.PROXY_UNAVAILABLE) {
      @Override
      SQLException failure() {
        return server("XX000", "Control plane request failed");
      }
    },
    STARTING(2, Verdict.SERVER_STARTING) {
      @Override
      SQLException failure() {
        return server("57P03", "the database system is starting up");
      }
    },
    DOWN(2, Verdict.SERVER_DOWN) {
      @Override
      SQLException failure() {
        return new PSQLException(
            "The connection attempt failed.",
            PSQLState.CONNECTION_UNABLE_TO_CONNECT,
            new ConnectException("Connection refused"));
      }
    },
    STRANGE(2, Verdict.CONNECTION_LOST) {
      @Override
      SQLException failure() {
        return server("XX001", "could not read block 0");
      }
    },
    DENIED(3, Verdict.ACCESS_DENIED) {
      @Override
      SQLException failure() {
        return server("28P01", "password authentication failed for user \"app\"");
      }
    },
    REFUSED(3, Verdict.REFUSED) {
      @Override
      SQLException failure() {
        return server("57P04", "database was dropped");
      }
    };

    private final int rank;
    private final Verdict verdict;

    Word(int rank, Verdict verdict) {
      this.rank = rank;
      this.verdict = verdict;
    }

    abstract SQLException failure();
  }

  private static PSQLException server(String state, String message) {
    return new PSQLException(
        new ServerErrorMessage("SFATAL\0VFATAL\0C" + state + "\0M" + message + "\0"));
  }

  /** As pgjdbc says it. */
  private static SQLException noneWanted() {
    return new PSQLException(
        "Could not find a server with specified targetServerType: primary",
        PSQLState.CONNECTION_UNABLE_TO_CONNECT);
  }

  private static HostEnd end(String host, @Nullable SQLException failure) {
    return new HostEnd(host, false, failure);
  }

  private static HostEnd letIn(String host) {
    return new HostEnd(host, true, null);
  }

  private static SQLException counting(SQLException thrown, List<HostEnd> ends, Kind kind) {
    return SeveralHosts.of(thrown, ends, kind).failure();
  }

  private static List<String> others(SQLException failure) {
    return Arrays.stream(failure.getSuppressed()).map(Throwable::getMessage).toList();
  }

  private static List<Verdict> verdicts(SQLException failure) {
    return Arrays.stream(failure.getSuppressed()).map(FailureRules::classify).toList();
  }

  static List<Object[]> pairs() {
    List<Object[]> pairs = new ArrayList<>();
    for (Word one : Word.values()) {
      for (Word last : Word.values()) {
        pairs.add(new Object[] {one, last});
      }
    }
    return pairs;
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void whoeverMayLetALoginInFirstCounts(Word one, Word last) {
    SQLException first = one.failure();
    SQLException thrown = last.failure();
    SQLException counts =
        counting(thrown, List.of(end("a:1", first), end("b:2", last.failure())), Kind.ANY);
    boolean firstCounts = one.rank < last.rank;
    assertThat((Throwable) counts).isSameAs(firstCounts ? first : thrown);
    assertThat(FailureRules.whileConnecting(counts).verdict())
        .isEqualTo(firstCounts ? one.verdict : last.verdict);
    assertThat(verdicts(counts)).containsExactly(firstCounts ? last.verdict : one.verdict);
    assertThat(others(counts).get(0)).startsWith(firstCounts ? "b:2: " : "a:1: ");
  }

  /** The same where it is another opening that has asked the last host. */
  @ParameterizedTest
  @MethodSource("pairs")
  void ofTwoOpeningsToo(Word one, Word other) {
    SQLException first = one.failure();
    SQLException then = other.failure();
    then.addSuppressed(OtherHost.of("c:3", Word.DOWN.failure()));
    SQLException counts =
        SeveralHosts.of(new HostFailure("a:1", first), new HostFailure("b:2", then)).failure();
    boolean thenCounts = other.rank < one.rank;
    assertThat((Throwable) counts).isSameAs(thenCounts ? then : first);
    assertThat(others(counts))
        .hasSize(2)
        .anyMatch(text -> text.startsWith("c:3: "))
        .anyMatch(text -> text.startsWith(thenCounts ? "a:1: " : "b:2: "));
  }

  /** A host that the driver turns away was let in: it may be of the wanted kind soon. */
  @ParameterizedTest
  @MethodSource("pairs")
  void whereTheLastHostIsNotOfTheWantedKindAFullOneCounts(Word one, Word two) {
    SQLException thrown = noneWanted();
    SQLException counts =
        counting(
            thrown,
            List.of(end("a:1", one.failure()), end("b:2", two.failure()), letIn("c:3")),
            Kind.REQUIRED);
    int best = Math.min(one.rank, two.rank);
    Verdict expected =
        best >= 2 ? Verdict.SERVER_STARTING : two.rank == best ? two.verdict : one.verdict;
    assertThat(FailureRules.whileConnecting(counts).verdict()).isEqualTo(expected);
    assertThat(counts == thrown).isEqualTo(best >= 2);
    assertThat(verdicts(counts)).hasSize(2);
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void whereAnEarlierHostIsNotOfTheWantedKindThatIsHeardToo(Word one, Word last) {
    SQLException thrown = last.failure();
    SQLException counts =
        counting(
            thrown,
            List.of(end("a:1", one.failure()), letIn("b:2"), end("c:3", last.failure())),
            Kind.REQUIRED);
    int best = Math.min(one.rank, Math.min(2, last.rank));
    Verdict expected =
        last.rank == best ? last.verdict : best == 2 ? Verdict.SERVER_STARTING : one.verdict;
    assertThat(FailureRules.whileConnecting(counts).verdict()).isEqualTo(expected);
  }

  /** Where a kind is merely preferred the driver says so of hosts that have let nobody in. */
  @ParameterizedTest
  @MethodSource("pairs")
  void whatTheDriverSaysOfAllCountsOnlyIfOneHasLetItIn(Word one, Word last) {
    SQLException thrown = noneWanted();
    SQLException counts =
        counting(
            thrown, List.of(end("a:1", one.failure()), end("b:2", last.failure())), Kind.PREFERRED);
    assertThat((Throwable) counts).isNotSameAs(thrown);
    assertThat(FailureRules.whileConnecting(counts).verdict())
        .isEqualTo(one.rank < last.rank ? one.verdict : last.verdict);
    assertThat(verdicts(counts)).containsExactly(one.rank < last.rank ? last.verdict : one.verdict);
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void ofOneHostNothingChanges(Word one, Word other) {
    SQLException thrown = one.failure();
    assertThat((Throwable) counting(thrown, List.of(end("a:1", other.failure())), Kind.REQUIRED))
        .isSameAs(thrown);
    assertThat(thrown.getSuppressed()).isEmpty();
    SQLException none = noneWanted();
    assertThat((Throwable) counting(none, List.of(letIn("a:1")), Kind.REQUIRED)).isSameAs(none);
    assertThat(none.getSuppressed()).isEmpty();
  }

  /** A property that the driver refuses, say: to wait for a host is of no use. */
  @Test
  void whatNoHostHasSaidStays() {
    SQLException thrown =
        new PSQLException(
            "no such class", PSQLState.INVALID_PARAMETER_VALUE, new RuntimeException());
    for (HostEnd last : List.of(end("b:2", null), letIn("b:2"))) {
      SQLException counts =
          counting(thrown, List.of(end("a:1", Word.FULL.failure()), last), Kind.ANY);
      assertThat((Throwable) counts).isSameAs(thrown);
    }
    assertThat(others(thrown)).allMatch(text -> text.startsWith("a:1: FATAL: sorry"));
  }

  /** Of a host whose end only the driver knows nothing is made up. */
  @ParameterizedTest
  @EnumSource
  void whatOnlyTheDriverKnowsDoesNotCount(Word last) {
    SQLException thrown = last.failure();
    SQLException counts =
        counting(thrown, List.of(end("a:1", null), end("b:2", last.failure())), Kind.ANY);
    assertThat((Throwable) counts).isSameAs(thrown);
    assertThat(others(thrown))
        .containsExactly("a:1: the driver has ended this login and doesn't say why");
  }

  @ParameterizedTest
  @EnumSource
  void norDoesItWhereAKindIsMerelyPreferred(Word one) {
    SQLException known = one.failure();
    List<HostEnd> ends = List.of(end("a:1", known), end("b:2", null));
    assertThat((Throwable) counting(noneWanted(), ends, Kind.PREFERRED)).isSameAs(known);
    SQLException thrown = noneWanted();
    ends = List.of(end("a:1", null), end("b:2", null));
    assertThat((Throwable) counting(thrown, ends, Kind.PREFERRED)).isSameAs(thrown);
  }

  /** It may be that one which the driver has turned away: encrypted by GSS, say. */
  @ParameterizedTest
  @EnumSource
  void whereAKindIsRequiredAHostThatOnlyTheDriverKnowsMayBeOfItSoon(Word one) {
    for (boolean first : new boolean[] {true, false}) {
      SQLException known = one.failure();
      SQLException thrown = noneWanted();
      List<HostEnd> ends =
          first
              ? List.of(end("a:1", known), end("b:2", null))
              : List.of(end("b:2", null), end("a:1", known));
      HostFailure counts = SeveralHosts.of(thrown, ends, Kind.REQUIRED);
      boolean knownCounts = one.rank < 2;
      assertThat((Throwable) counts.failure()).isSameAs(knownCounts ? known : thrown);
      assertThat(counts.host()).isEqualTo(knownCounts ? "a:1" : "b:2");
      assertThat(verdicts(counts.failure()))
          .containsExactly(knownCounts ? Verdict.SERVER_STARTING : one.verdict);
      assertThat(others(counts.failure()).get(0)).startsWith(knownCounts ? "b:2: " : "a:1: ");
    }
  }

  @Test
  void ofSeveralThatOnlyTheDriverKnowsItIsSaidOfAllUnlessOneWasTurnedAway() {
    SQLException thrown = noneWanted();
    List<HostEnd> ends = List.of(end("a:1", null), end("b:2", null));
    assertThat(SeveralHosts.of(thrown, ends, Kind.REQUIRED))
        .isEqualTo(new HostFailure("a:1,b:2", thrown));
    assertThat(thrown.getSuppressed()).isEmpty();
    ends = List.of(letIn("a:1"), end("b:2", null));
    assertThat(SeveralHosts.of(thrown, ends, Kind.REQUIRED))
        .isEqualTo(new HostFailure("a:1", thrown));
    assertThat(others(thrown))
        .containsExactly("b:2: the driver has ended this login and doesn't say why");
  }

  @ParameterizedTest
  @CsvSource({
    "any, ANY",
    "ANY, ANY",
    "primary, REQUIRED",
    "master, REQUIRED",
    "secondary, REQUIRED",
    "slave, REQUIRED",
    "preferSecondary, PREFERRED",
    "preferSlave, PREFERRED",
    "PREFERPRIMARY, PREFERRED"
  })
  void theKindIsRead(String property, Kind kind) {
    assertThat(Kind.of(property)).isEqualTo(kind);
  }

  /** It has broken when the login was over. */
  @Test
  void aSessionThatBreaksAtOnceKeepsNobodyFromHearingOfAFullHost() {
    SQLException full = Word.FULL.failure();
    List<HostEnd> ends = List.of(end("a:1", full), letIn("b:2"));
    assertThat((Throwable) counting(Word.DOWN.failure(), ends, Kind.ANY)).isSameAs(full);
  }

  // ---- in words

  private static SQLException counting() {
    return counting(
        Word.DOWN.failure(),
        List.of(
            end("a:1", server("28P01", "no\r\nFATAL\tentry\u0007 for ~hunter2~")),
            end("[::1]:2", Word.REFUSED.failure()),
            end("c:3", Word.DOWN.failure())),
        Kind.ANY);
  }

  @Test
  void theMessageHasAWordOfEach() {
    SQLException failure = ConnectFailure.of(counting(), "a:1,[::1]:2,c:3/shop");
    assertThat(failure.getMessage())
        .startsWith(
            "Cannot connect to PostgreSQL at a:1,[::1]:2,c:3/shop: The connection attempt failed"
                + " (Connection refused). The server can't be reached, or has hung up.")
        .endsWith(
            " Other hosts: a:1: FATAL: no FATAL entry for ~hunter2~; [::1]:2: FATAL: database was"
                + " dropped.");
  }

  @Test
  void whereOneQuotesASecretNoneIsShownButTheVerdictsStay() {
    SQLException counting = counting();
    Secrets secrets = Secrets.of(Map.of("options", "-c x=~hunter2~"), "a:1/shop");
    String quoted = secrets.quotedBy(counting, null);
    assertThat(quoted).isEqualTo("options");
    SQLException failure = ConnectFailure.hiding(counting, "a:1/shop", String.valueOf(quoted));
    assertThat(failure.getCause()).isNull();
    assertThat(FailureRules.classify(failure)).isEqualTo(Verdict.SERVER_DOWN);
    assertThat(verdicts(failure)).containsExactly(Verdict.ACCESS_DENIED, Verdict.REFUSED);
    assertThat(others(failure))
        .containsExactly("a:1: what was said isn't shown", "[::1]:2: what was said isn't shown");
    for (Throwable other : failure.getSuppressed()) {
      assertThat(other.getCause()).isNull();
    }
  }
}
