package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.postgresql.doctor.Doctor;
import io.everpool.postgresql.doctor.Report;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.Sampled;
import java.io.IOException;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.function.UnaryOperator;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server answers with an error where pgjdbc can't read one: it was asked for encryption, or can't
 * start the process that would speak the protocol. That passes, and says nothing of TLS.
 */
@Sampled
@Timeout(300)
@Tag("contract")
@Tag("one-jdk")
class UnreadErrorTest {
  private static final String NO_MEMORY =
      "could not fork new process for connection: Cannot allocate memory";
  private static final String DIRECT = "sslmode=require&sslnegotiation=direct";

  private Postmaster postmaster;

  @BeforeEach
  void start() throws IOException {
    postmaster = new Postmaster(Sessions.tlsServer());
  }

  @AfterEach
  void stop() {
    postmaster.close();
  }

  private Connector connector(String query) {
    Assumptions.assumeTrue(
        !query.equals(DIRECT) || PresentDriver.HERE.knows(PropertyNames.SSL_NEGOTIATION));
    String url = Sessions.tlsServer().libpqUrl("127.0.0.1", postmaster.port());
    return Sessions.connector(url + (query.isEmpty() ? "" : "?" + query), UnaryOperator.identity());
  }

  private static AbstractThrowableAssert<?, ?> refused(Connector connector, Verdict verdict) {
    SQLException failure =
        catchThrowableOfType(SQLException.class, () -> connector.open(Sessions.TIMEOUT).close());
    assertThat(connector.classify(failure)).as(String.valueOf(failure)).isEqualTo(verdict);
    assertThat(failure instanceof SQLTransientException).isEqualTo(verdict.reconnectable());
    return assertThat((Throwable) failure);
  }

  private static void isOutOfProcesses(Connector connector) {
    refused(connector, Verdict.OUT_OF_SLOTS)
        .hasMessageContaining("can't begin another session: " + NO_MEMORY + ".")
        .hasMessageContaining("no process or no memory")
        .hasMessageNotContainingAny("sslmode", "sslnegotiation", "protocol", "does not support");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sslmode=require",
        DIRECT,
        "",
        "sslmode=allow",
        "sslmode=disable",
        "sslmode=disable&gssencmode=prefer",
        "sslmode=disable&gssencmode=require",
        "sslmode=require&gssencmode=prefer"
      })
  void aServerThatCannotForkAtTheFirstLoginIsOutOfSlots(String query) {
    postmaster.answersWithoutProtocol(NO_MEMORY);
    isOutOfProcesses(connector(query));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sslmode=require", DIRECT, "", "sslmode=disable"})
  void soIsOneThatHasLetSomebodyIn(String query) throws SQLException {
    Connector connector = connector(query);
    connector.open(Sessions.TIMEOUT).close();
    postmaster.answersWithoutProtocol(NO_MEMORY);
    isOutOfProcesses(connector);
  }

  /** It is told in the server's language, which may have no letter of pgjdbc's numbers. */
  @Test
  void inWhateverLanguageItSaysSo() {
    postmaster.answersWithoutProtocol("не удалось породить новый процесс");
    for (String query : new String[] {"sslmode=require", "sslmode=disable"}) {
      refused(connector(query), Verdict.OUT_OF_SLOTS)
          .hasMessageContaining("не удалось породить новый процесс.");
    }
  }

  /** Whoever is in between can say it as well. */
  @Test
  void whatItSaysIsOneLineAndNotALongOne() {
    postmaster.answersWithoutProtocol("no\r\n\u001b[2J fork" + "x".repeat(1_000));
    refused(connector("sslmode=require"), Verdict.OUT_OF_SLOTS)
        .hasMessageContaining("no [2J forkx")
        .hasMessageNotContaining("x".repeat(200))
        .hasMessageNotContaining("\n");
  }

  /** A pooler refuses a client before it looks at what he asks for. */
  @ParameterizedTest
  @CsvSource({
    "53300, 'sorry, too many clients already', OUT_OF_SLOTS",
    "08P01, no more connections allowed (max_client_conn), OUT_OF_SLOTS",
    "57P03, the database system is starting up, SERVER_STARTING",
    "28000, you are not welcome, ACCESS_DENIED"
  })
  void anErrorInTheProtocolCountsByItself(String state, String text, Verdict verdict) {
    postmaster.answersInProtocol(state, text);
    for (String query : new String[] {"sslmode=require", "sslmode=disable&gssencmode=require"}) {
      refused(connector(query), verdict)
          .hasMessageContaining("FATAL: " + text)
          .hasMessageNotContaining("does not support");
    }
  }

  @Test
  void soItDoesWhereTlsBeginsAtOnceUnlessItIsNotUnderstood() {
    postmaster.answersInProtocol("53300", "sorry, too many clients already");
    refused(connector(DIRECT), Verdict.OUT_OF_SLOTS).hasMessageContaining("sorry");
    postmaster.answersInProtocol("08P01", "bad packet header"); // PgBouncer before 1.25
    refused(connector(DIRECT), Verdict.REFUSED).hasMessageContaining("sslnegotiation=direct");
  }

  /** Servers before 12 don't know GSS, and take the request for the number of a protocol. */
  @ParameterizedTest
  @CsvSource({
    "08P01, bad packet header",
    "0A000, unsupported frontend protocol 1234.5680: server supports 2.0 to 3.0"
  })
  void whoDoesNotUnderstandTheRequestRefusesIt(String state, String text) {
    postmaster.answersInProtocol(state, text);
    refused(connector("sslmode=disable&gssencmode=require"), Verdict.REFUSED);
  }

  @Test
  void aServerThatSaysItHasNoTlsHasNone() throws SQLException {
    Connector connector = connector("sslmode=require");
    connector.open(Sessions.TIMEOUT).close();
    postmaster.answers(new byte[] {'N'});
    for (Connector each : new Connector[] {connector, connector("sslmode=require")}) {
      refused(each, Verdict.REFUSED).hasMessageContaining("The server has no TLS");
    }
  }

  /** Where it isn't the last of several hosts the driver says nothing of it at all. */
  @ParameterizedTest
  @ValueSource(strings = {"sslmode=require", "sslmode=prefer", "sslmode=disable"})
  void itIsHeardWhereAnotherHostIsTheLast(String query) {
    try (FaultProxy last = FaultProxy.before(Sessions.tlsServer())) {
      last.refuse();
      String url =
          "jdbc:postgresql://127.0.0.1:%d,127.0.0.1:%d/app?user=app&hostRecheckSeconds=0&%s"
              .formatted(postmaster.port(), last.port(), query);
      Connector connector = Sessions.connector(url, config -> config.password("secret"));
      postmaster.answersWithoutProtocol(NO_MEMORY);
      refused(connector, Verdict.OUT_OF_SLOTS)
          .hasMessageContaining("can't begin another session: " + NO_MEMORY + ".")
          .hasMessageContaining("Other hosts: 127.0.0.1:" + last.port() + ": Connection refused.");
      postmaster.answersInProtocol("57P03", "the database system is starting up");
      refused(connector, Verdict.SERVER_DOWN)
          .hasMessageContaining("FATAL: the database system is starting up.");
      if (query.equals("sslmode=require")) {
        postmaster.answers(new byte[] {'N'});
        refused(connector, Verdict.SERVER_DOWN).hasMessageContaining("does not support SSL.");
      }
      postmaster.resets();
      refused(connector, Verdict.SERVER_DOWN).hasMessageContaining("Other hosts: 127.0.0.1:");
    }
  }

  /** It is lost at the driver's own question, and may be there again soon, of whatever kind. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "targetServerType=primary",
        "targetServerType=preferPrimary",
        "assumeMinServerVersion=8.4"
      })
  void aHostThatIsLostBeforeTheDriverReturnsItsConnectionIsWaitedFor(String query)
      throws IOException {
    postmaster.letsInAndIsGone();
    try (Postmaster last = new Postmaster(Sessions.tlsServer())) {
      last.answersInProtocol("28000", "you are not welcome");
      String url =
          "jdbc:postgresql://127.0.0.1:%d,127.0.0.1:%d/app?user=app&hostRecheckSeconds=0&%s"
              .formatted(postmaster.port(), last.port(), "sslmode=disable&" + query);
      Connector connector =
          Sessions.connector(url, config -> config.password("x").pooler(PoolerMode.NONE));
      refused(connector, Verdict.SERVER_DOWN)
          .hasMessageContaining(
              "Other hosts: 127.0.0.1:" + last.port() + ": FATAL: you are not welcome.")
          .hasMessageNotContaining("targetServerType");
    }
  }

  /** Its advice to go without TLS would be followed. */
  @Test
  void theDoctorDoesNotTakeItForAServerWithoutTls() {
    postmaster.answersWithoutProtocol(NO_MEMORY);
    String url = Sessions.tlsServer().libpqUrl("127.0.0.1", postmaster.port());
    Report report = Doctor.examine(PoolConfig.builder(url + "?sslmode=require").build());
    assertThat(report.works()).isFalse();
    assertThat(report.toString())
        .contains(NO_MEMORY, "before it could say whether it has TLS")
        .doesNotContain("has no TLS", "ssl = on");
  }

  @Test
  void aServerThatHangsUpIsDown() {
    postmaster.answers(new byte[0]);
    refused(connector("sslmode=require"), Verdict.SERVER_DOWN);
    postmaster.resets();
    refused(connector("sslmode=require"), Verdict.SERVER_DOWN);
  }
}
