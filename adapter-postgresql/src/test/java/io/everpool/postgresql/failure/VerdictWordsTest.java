package io.everpool.postgresql.failure;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import java.io.EOFException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/** Who has the text of an exception, and nothing else, finds the right cause in it. */
class VerdictWordsTest {

  /** A failure and the words that its text must have. */
  record Case(
      @Nullable SQLException connecting,
      @Nullable SQLException using,
      Verdict verdict,
      List<String> words) {
    @Override
    public String toString() {
      return verdict + " " + words;
    }
  }

  private static SQLException server(String state, String message) {
    return new PSQLException(
        new ServerErrorMessage("SFATAL\0C" + state + "\0M" + message + "\0"), true);
  }

  private static SQLException error(String state, String message) {
    return new PSQLException(
        new ServerErrorMessage("SERROR\0C" + state + "\0M" + message + "\0"), true);
  }

  private static SQLException driver(PSQLState state, String message, @Nullable Throwable cause) {
    return new PSQLException(message, state, cause);
  }

  private static Case connecting(SQLException failure, Verdict verdict, String... words) {
    return new Case(failure, null, verdict, List.of(words));
  }

  private static Case using(SQLException failure, Verdict verdict, String... words) {
    return new Case(null, failure, verdict, List.of(words));
  }

  static Stream<Case> cases() {
    return Stream.of(
        connecting(
            server("28P01", "password authentication failed for user \"app\""),
            Verdict.ACCESS_DENIED,
            "Check user and password"),
        connecting(
            server(
                "28000",
                "no pg_hba.conf entry for host \"1.2.3.4\", user \"app\", database \"d\", no encryption"),
            Verdict.ACCESS_DENIED,
            "set sslmode=require"),
        connecting(
            server(
                "28000",
                "no pg_hba.conf entry for host \"1.2.3.4\", user \"app\", database \"d\", SSL encryption"),
            Verdict.ACCESS_DENIED,
            "pg_hba.conf has no line"),
        connecting(
            server("28000", "connection requires a valid client certificate"),
            Verdict.ACCESS_DENIED,
            "sslcert and sslkey"),
        connecting(
            server("3D000", "database \"x\" does not exist"),
            Verdict.ACCESS_DENIED,
            "Check the database's name"),
        connecting(
            server("55000", "database \"x\" is not currently accepting connections"),
            Verdict.ACCESS_DENIED,
            "ALLOW_CONNECTIONS"),
        connecting(
            server("53300", "sorry, too many clients already"),
            Verdict.OUT_OF_SLOTS,
            "lower max-size"),
        connecting(
            server("XX000", "Too many connections to this endpoint"),
            Verdict.OUT_OF_SLOTS,
            "lower max-size"),
        connecting(
            server("XX000", "Rate limit exceeded"), Verdict.OUT_OF_SLOTS, "limits how often"),
        connecting(
            server(
                "XX000",
                "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to"
                    + " pool_size: 15"),
            Verdict.OUT_OF_SLOTS,
            "lower max-size",
            "transaction mode"),
        connecting(
            server(
                "XX000",
                "(ECIRCUITBREAKER) too many authentication failures, new connections are"
                    + " temporarily blocked"),
            Verdict.OUT_OF_SLOTS,
            "for a while after many that failed"),
        connecting(
            server("XX000", "(ENOTFOUND) tenant/user postgres.abcdefgh not found"),
            Verdict.ACCESS_DENIED,
            "role.project"),
        connecting(
            server(
                "XX000", "(ESSLREQUIRED) SSL connection is required for user: postgres.abcdefgh"),
            Verdict.REFUSED,
            "set sslmode=require"),
        connecting(
            server("XX000", "(EADDRNOTALLOWED) address not in tenant allow_list: {10, 0, 0, 1}"),
            Verdict.ACCESS_DENIED,
            "this machine's address",
            "network restrictions"),
        connecting(
            server("XX000", "(EBANNED) tenant is banned: abuse"),
            Verdict.REFUSED,
            "the provider's console"),
        connecting(
            server("08000", "Timed-out waiting to acquire database connection."),
            Verdict.OUT_OF_SLOTS,
            "lower max-size"),
        connecting(
            server("57P03", "the database system is starting up"),
            Verdict.SERVER_STARTING,
            "starting or waking up"),
        connecting(
            server("57P01", "terminating connection due to administrator command"),
            Verdict.SERVER_DOWN,
            "the pool tries again"),
        connecting(
            driver(
                PSQLState.CONNECTION_UNABLE_TO_CONNECT,
                "Connection to h:5432 refused.",
                new ConnectException("Connection refused")),
            Verdict.SERVER_DOWN,
            "Check host and port"),
        connecting(
            driver(
                PSQLState.CONNECTION_UNABLE_TO_CONNECT,
                "The connection attempt failed.",
                new UnknownHostException("h")),
            Verdict.SERVER_DOWN,
            "Nobody knows this host's name"),
        connecting(
            driver(
                PSQLState.CONNECTION_UNABLE_TO_CONNECT,
                "The connection attempt failed.",
                new SocketTimeoutException("Connect timed out")),
            Verdict.SERVER_DOWN,
            "doesn't answer"),
        connecting(
            driver(PSQLState.CONNECTION_FAILURE, "An I/O error occurred.", new EOFException()),
            Verdict.SERVER_DOWN,
            "the pool tries again"),
        connecting(
            server("XX000", "The requested endpoint cannot be found"),
            Verdict.REFUSED,
            "Neon's console"),
        connecting(
            server("XX000", "Your project has exceeded the data transfer quota"),
            Verdict.REFUSED,
            "quotas of the project"),
        connecting(
            server("08P01", "unsupported startup parameter: options"),
            Verdict.REFUSED,
            "takes no such option at the start"),
        connecting(
            server("22023", "invalid value for parameter \"TimeZone\": \"x\""),
            Verdict.REFUSED,
            "what the session begins with"),
        connecting(
            driver(
                PSQLState.INVALID_PARAMETER_VALUE,
                "prepareThreshold parameter value must be an integer but was: x",
                null),
            Verdict.REFUSED,
            "pgjdbc itself refuses",
            "the server was not asked"),
        connecting(
            new SQLException(
                "For input string: \"x\"",
                "08001",
                new NumberFormatException("For input string: \"x\"")),
            Verdict.REFUSED,
            "pgjdbc itself refuses"),
        connecting(
            driver(PSQLState.CONNECTION_REJECTED, "The server does not support SSL.", null),
            Verdict.REFUSED,
            "The server has no TLS"),
        connecting(
            driver(
                PSQLState.CONNECTION_REJECTED, "The authentication type 7 is not supported.", null),
            Verdict.REFUSED,
            "how to log in"),
        connecting(
            driver(
                PSQLState.CONNECTION_UNABLE_TO_CONNECT,
                "A connection could not be made using the requested protocol x.",
                null),
            Verdict.REFUSED,
            "pgjdbc itself refuses"),
        connecting(
            driver(PSQLState.CONNECTION_FAILURE, "Could not decrypt SSL key file /k.", null),
            Verdict.REFUSED,
            "sslpassword"),
        connecting(
            driver(
                PSQLState.CONNECTION_FAILURE,
                "SSL error: Received fatal alert: certificate_required",
                new SSLHandshakeException("Received fatal alert: certificate_required")),
            Verdict.REFUSED,
            "sslcert and sslkey"),
        connecting(
            new SQLException(
                "The server ended the TLS handshake that sslnegotiation=direct begins with",
                "08001",
                new EOFException()),
            Verdict.REFUSED,
            "from PostgreSQL 17 on"),
        connecting(
            server("XX001", "something of its own"),
            Verdict.CONNECTION_LOST,
            "something of its own"),
        using(
            error("23505", "duplicate key value violates unique constraint"),
            Verdict.STATEMENT_FAILED,
            "duplicate key"),
        using(error("40P01", "deadlock detected"), Verdict.TRANSACTION_CONFLICT, "deadlock"),
        using(
            error("0A000", "cached plan must not change result type"),
            Verdict.STALE_PLAN,
            "cached plan"),
        using(
            error("XX000", "cache lookup failed for type 16384"),
            Verdict.STALE_SESSION,
            "cache lookup failed for type"),
        connecting(
            server("XX000", "Control plane request failed"),
            Verdict.PROXY_UNAVAILABLE,
            "the pool tries again"),
        using(
            server("25P04", "terminating connection due to transaction timeout"),
            Verdict.DEADLINE,
            "transaction timeout"),
        using(
            error("25006", "cannot execute INSERT in a read-only transaction"),
            Verdict.READ_ONLY_SERVER,
            "read-only"),
        using(
            driver(
                PSQLState.CONNECTION_FAILURE,
                "An I/O error occurred.",
                new SocketException("Connection reset")),
            Verdict.SERVER_DOWN,
            "I/O error"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theTextNamesTheCause(Case sample) {
    SQLException failure =
        sample.connecting() != null
            ? ConnectFailure.of(sample.connecting(), "db:5432/shop")
            : Objects.requireNonNull(sample.using());
    assertThat(FailureRules.classify(failure)).isEqualTo(sample.verdict());
    assertThat(failure.getMessage()).contains(sample.words());
    if (sample.connecting() == null) {
      return;
    }
    assertThat(failure.getMessage()).contains(ConnectFailure.meaning(sample.verdict()));
    for (Verdict other : Verdict.values()) {
      if (!ConnectFailure.meaning(other).equals(ConnectFailure.meaning(sample.verdict()))) {
        assertThat(failure.getMessage()).doesNotContain(ConnectFailure.meaning(other));
      }
    }
    if (sample.verdict() != Verdict.REFUSED
        || !sample.words().contains("what the session begins with")) {
      assertThat(failure.getMessage()).doesNotContain("time zone");
    }
    if (sample.verdict() != Verdict.SERVER_DOWN) {
      assertThat(failure.getMessage()).doesNotContain("Check host and port");
    }
  }

  @Test
  void everyVerdictIsAmongThem() {
    Set<Verdict> told = cases().map(Case::verdict).collect(Collectors.toSet());
    // The limits of this process are the pool's own finding: no driver and no server tells of them.
    assertThat(told).isEqualTo(EnumSet.complementOf(EnumSet.of(Verdict.PROCESS_LIMIT)));
  }
}
