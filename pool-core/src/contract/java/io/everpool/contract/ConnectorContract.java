package io.everpool.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Credentials;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.BatchUpdateException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the pool relies on in a connector and its connections, whatever the database. To write an
 * adapter, extend this, say by a {@link Database} how it is tried, and make it pass.
 */
@Timeout(120)
public abstract class ConnectorContract {
  private static final long TIMEOUT = TimeUnit.SECONDS.toNanos(20);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private record StrangersTicket(String name) implements CommitTicket {}

  private final List<PhysicalConnection> opened = new ArrayList<>();
  private Database database;
  private Connector connector;
  private PhysicalConnection connection;

  /** Asked before each test. */
  protected abstract Database database() throws SQLException;

  @BeforeEach
  void openOne() throws SQLException {
    database = database();
    connector = database.connector();
    connection = open();
    execute(connection, "delete from contract");
  }

  @AfterEach
  void endAll() {
    opened.forEach(PhysicalConnection::abort);
    connector.close();
  }

  private PhysicalConnection open() throws SQLException {
    PhysicalConnection one = connector.open(TIMEOUT);
    opened.add(one);
    return one;
  }

  private boolean can(Ability ability) {
    return database.abilities().contains(ability);
  }

  private static void execute(PhysicalConnection on, String sql) throws SQLException {
    try (Statement statement = on.jdbc().createStatement()) {
      statement.execute(sql);
    }
  }

  private static @Nullable String ask(PhysicalConnection on, String sql) throws SQLException {
    try (Statement statement = on.jdbc().createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getString(1) : "no row";
    }
  }

  /** What others see. */
  private int rows() throws SQLException {
    return Integer.parseInt(String.valueOf(ask(open(), "select count(*) from contract")));
  }

  private void write() throws SQLException {
    execute(connection, "insert into contract values (1)");
  }

  private void writeInTransaction() throws SQLException {
    connection.jdbc().setAutoCommit(false);
    write();
  }

  private void keepsTheSecrets(String text) {
    database.secrets().forEach(secret -> assertThat(text).doesNotContain(secret));
  }

  private static String stackTrace(Throwable failure) {
    StringWriter all = new StringWriter();
    failure.printStackTrace(new PrintWriter(all));
    return all.toString();
  }

  private interface Condition {
    boolean isMet() throws SQLException;
  }

  private static void until(Condition condition) throws SQLException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.isMet()) {
      assertThat(System.nanoTime() - end).isNegative();
      LockSupport.parkNanos(5_000_000);
    }
  }

  // ---- opening

  @Test
  void itSaysWhatItConnectsToAndNoSecret() {
    assertThat(connector.product()).isNotBlank();
    assertThat(connector.target()).isNotBlank();
    keepsTheSecrets(connector.target());
    keepsTheSecrets(String.valueOf(connector));
    keepsTheSecrets(String.valueOf(connection));
    connector.notes().forEach(this::keepsTheSecrets);
  }

  @Test
  void aNewConnectionAnswersAndIsOutsideOfATransaction() throws SQLException {
    assertThat(connection.jdbc()).isSameAs(connection.jdbc());
    assertThat(connection.jdbc().isClosed()).isFalse();
    assertThat(connection.jdbc().getAutoCommit()).isTrue();
    connection.validate(TIMEOUT);
    assertThat(connection.transactionState()).isIn(TransactionState.NONE, TransactionState.UNKNOWN);
    assertThat(connection.look()).isNotEqualTo(Look.DEAD);
    assertThat(connection.inStep()).isTrue();
    assertThat(connection.commitUnanswered()).isFalse();
    assertThat(connection.isServerReadOnly(SideEffects.NONE)).isFalse();
    connection.prove();
    connection.refresh(TIMEOUT);
    connection.forgetPlans();
    connection.validate(TIMEOUT);
  }

  @Test
  void aRefusalIsToldWithoutTheSecretAndRetryingIsUseless() {
    try (Connector refused = database.refused()) {
      Throwable failure = catchThrowable(() -> refused.open(TIMEOUT));
      assertThat(failure).isInstanceOf(SQLException.class);
      keepsTheSecrets(stackTrace(failure));
      assertThat(refused.classify(failure)).isEqualTo(Verdict.ACCESS_DENIED);
    }
  }

  @Test
  void otherCredentialsAreUsedOrTheDriverSaysThatItCannot() {
    Credentials wrong = Credentials.of(database.wrongPassword());
    Throwable failure = catchThrowable(() -> connector.open(wrong, TIMEOUT));
    if (can(Ability.CREDENTIALS)) {
      assertThat(connector.classify(failure)).isEqualTo(Verdict.ACCESS_DENIED);
    } else {
      assertThat(failure).isInstanceOf(SQLFeatureNotSupportedException.class);
    }
    keepsTheSecrets(stackTrace(failure));
  }

  @Test
  void anOpeningEndsInTime() {
    Connector hanging = database.hanging();
    Assumptions.assumeTrue(hanging != null, "a connect can't hang");
    long begun = System.nanoTime();
    Throwable failure =
        catchThrowable(
            () -> Objects.requireNonNull(hanging).open(TimeUnit.MILLISECONDS.toNanos(200)));
    assertThat(failure).isInstanceOf(SQLException.class);
    assertThat(System.nanoTime() - begun).isLessThan(PATIENCE.toNanos() / 6);
    assertThat(connector.classify(failure).reconnectable()).isTrue();
    keepsTheSecrets(stackTrace(failure));
  }

  // ---- the end of a session

  /** Blind is an answer; alive, of what is dead for long, is a lie. */
  @Test
  void aLookSeesTheEndOrNothing() throws SQLException {
    Look before = connection.look();
    database.endSession(connection);
    if (can(Ability.LOOK)) {
      assertThat(before).isEqualTo(Look.ALIVE);
      until(() -> connection.look() == Look.DEAD);
    } else {
      assertThat(before).isEqualTo(Look.BLIND);
    }
  }

  @Test
  void whatIsAskedOfALostConnectionFailsAndSaysSo() throws SQLException {
    long moment = connection.moment();
    database.endSession(connection);
    Throwable statement = catchThrowable(() -> ask(connection, "select x from contract"));
    assertThat(statement).isInstanceOf(SQLException.class);
    assertThat(connector.classify(statement)).isIn(Verdict.CONNECTION_LOST, Verdict.SERVER_DOWN);
    Throwable validation = catchThrowable(() -> connection.validate(TIMEOUT));
    assertThat(validation).isInstanceOf(SQLException.class);
    assertThat(connector.classify(validation).fatal()).isTrue();
    connection.effectsSince(moment);
    assertThat(connection.commitUnanswered()).isFalse();
    assertThat(connection.unanswered(false)).isNotEqualTo(Effects.IN_DOUBT); // it was a query
    connection.cancel(TIMEOUT);
    connection.abort();
    assertThat(connection.jdbc().isClosed()).isTrue();
  }

  @Test
  void itEndsOnceHoweverOftenItIsEnded() throws SQLException {
    PhysicalConnection closed = open();
    closed.close();
    closed.close();
    closed.abort();
    PhysicalConnection aborted = open();
    aborted.abort();
    aborted.abort();
    aborted.close();
    for (PhysicalConnection ended : List.of(closed, aborted)) {
      assertThat(ended.jdbc().isClosed()).isTrue();
      Throwable failure = catchThrowable(() -> ask(ended, "select x from contract"));
      assertThat(failure).isInstanceOf(SQLException.class);
      assertThat(connector.classify(failure).fatal()).isTrue();
    }
  }

  /** Whatever is open is undone: by a close, by a cut, and by the server's end of it. */
  @Test
  void noEndCommits() throws SQLException {
    PhysicalConnection other = open();
    for (PhysicalConnection ended : List.of(connection, other)) {
      ended.jdbc().setAutoCommit(false);
      execute(ended, "insert into contract values (1)");
    }
    other.abort();
    connection.close();
    until(() -> rows() == 0);
  }

  // ---- what is under way

  private CompletableFuture<@Nullable Throwable> busy() throws SQLException {
    CompletableFuture<@Nullable Throwable> end = new CompletableFuture<>();
    Thread worker =
        new Thread(
            () -> end.complete(catchThrowable(() -> execute(connection, database.endless()))));
    worker.setDaemon(true);
    worker.start();
    until(() -> database.isAtWork(connection));
    return end;
  }

  private static Throwable result(CompletableFuture<@Nullable Throwable> of)
      throws InterruptedException, ExecutionException, TimeoutException {
    return Objects.requireNonNull(of.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
  }

  @Test
  void aCancelEndsWhatIsUnderWay() throws Exception {
    CompletableFuture<@Nullable Throwable> end = busy();
    connection.cancel(TIMEOUT);
    assertThat(result(end)).isInstanceOf(SQLException.class);
    until(() -> !database.isAtWork(connection));
  }

  @Test
  void aCancelOfNothingDoesNothing() throws SQLException {
    connection.cancel(TIMEOUT);
    connection.validate(TIMEOUT);
    assertThat(ask(connection, "select count(*) from contract")).isEqualTo("0");
  }

  @Test
  void anAbortComesFromAnyThreadAndWakesWhoeverWaits() throws Exception {
    CompletableFuture<@Nullable Throwable> end = busy();
    connection.abort();
    assertThat(result(end)).isInstanceOf(SQLException.class);
  }

  // ---- transactions

  @Test
  void aTransactionThatHasWrittenIsOpenUntilItEnds() throws SQLException {
    writeInTransaction();
    boolean known = can(Ability.TRANSACTION_STATE);
    assertThat(connection.transactionState())
        .isEqualTo(known ? TransactionState.OPEN : TransactionState.UNKNOWN);
    connection.jdbc().rollback();
    assertThat(connection.transactionState())
        .isEqualTo(known ? TransactionState.NONE : TransactionState.UNKNOWN);
    write();
    connection.jdbc().commit();
    assertThat(connection.transactionState())
        .isEqualTo(known ? TransactionState.NONE : TransactionState.UNKNOWN);
  }

  @Test
  void aTransactionThatTakesNothingMoreIsToldFromAnOpenOne() throws SQLException {
    writeInTransaction();
    Throwable failure = catchThrowable(() -> execute(connection, "nonsense"));
    assertThat(connector.classify(failure)).isEqualTo(Verdict.STATEMENT_FAILED);
    TransactionState state = connection.transactionState();
    if (can(Ability.FAILED_TRANSACTION)) {
      assertThat(state).isEqualTo(TransactionState.FAILED);
    } else {
      assertThat(state).isIn(TransactionState.OPEN, TransactionState.UNKNOWN);
      write();
    }
    connection.jdbc().rollback();
    write();
    connection.jdbc().commit();
    assertThat(rows()).isEqualTo(1);
  }

  /** A driver that says nothing happened must know it; one that doesn't know says that. */
  @Test
  void effectsAreNeverDeniedWithoutProof() throws SQLException {
    Effects nothing = can(Ability.EFFECTS) ? Effects.NONE : Effects.UNPROVEN;
    long first = connection.moment();
    assertThat(connection.effectsSince(first)).isEqualTo(nothing);
    writeInTransaction();
    connection.jdbc().rollback();
    assertThat(connection.effectsSince(first)).isEqualTo(nothing);
    write();
    connection.jdbc().commit();
    assertThat(connection.effectsSince(first))
        .isEqualTo(can(Ability.EFFECTS) ? Effects.COMMITTED : Effects.UNPROVEN);
    connection.jdbc().setAutoCommit(true);
    long later = connection.moment();
    write();
    assertThat(connection.effectsSince(later)).isNotEqualTo(Effects.NONE);
    connection.abort();
    assertThat(connection.effectsSince(later)).isNotEqualTo(Effects.NONE);
    assertThat(connection.unanswered(true)).isEqualTo(nothing);
  }

  @Test
  void writesAreRefusedOrTheDriverSaysThatItCannot() throws SQLException {
    assertThat(connection.refuseWrites(true)).isEqualTo(can(Ability.REFUSE_WRITES));
    if (can(Ability.REFUSE_WRITES)) {
      Throwable refusal = catchThrowable(this::write);
      assertThat(refusal).isInstanceOf(SQLException.class);
      assertThat(connection.isServerReadOnly(SideEffects.NONE)).as("that was us").isFalse();
      assertThat(connection.refuseWrites(false)).isTrue();
    }
    connection.refusesWritesInTransactions();
    write();
    assertThat(rows()).isEqualTo(1);
  }

  // ---- the outcome of a COMMIT

  private CommitStatus status(CommitTicket ticket) throws SQLException {
    return open().commitStatus(ticket);
  }

  @Test
  void theOutcomeOfACommitIsKnownOrTheDriverSaysThatItCannotTell() throws SQLException {
    connection.jdbc().setAutoCommit(false);
    ask(connection, "select count(*) from contract");
    if (!can(Ability.COMMIT_STATUS)) {
      assertThatThrownBy(connection::commitTicket)
          .isInstanceOf(SQLFeatureNotSupportedException.class);
      write();
      assertThatThrownBy(connection::commitTicket)
          .isInstanceOf(SQLFeatureNotSupportedException.class);
      connection.jdbc().commit();
      assertThat(rows()).as("the question has harmed nothing").isEqualTo(1);
      return;
    }
    assertThat(connection.commitTicket()).as("nothing was written").isNull();
    write();
    CommitTicket committed = ticket();
    assertThat(status(committed)).isEqualTo(CommitStatus.IN_PROGRESS);
    connection.jdbc().commit();
    assertThat(status(committed)).isEqualTo(CommitStatus.COMMITTED);
    open().endTransaction(committed);
    write();
    CommitTicket rolledBack = ticket();
    connection.jdbc().rollback();
    assertThat(status(rolledBack)).isEqualTo(CommitStatus.ABORTED);
    write();
    CommitTicket unfinished = ticket();
    open().endTransaction(unfinished);
    until(() -> status(unfinished) == CommitStatus.ABORTED);
    assertThat(rows()).isEqualTo(1);
  }

  private CommitTicket ticket() throws SQLException {
    CommitTicket ticket = Objects.requireNonNull(connection.commitTicket());
    assertThat(ticket.toString()).isNotBlank();
    keepsTheSecrets(ticket.toString());
    return ticket;
  }

  @Test
  void aStrangersTicketIsUnknownAndEndsNothing() throws SQLException {
    writeInTransaction();
    CommitTicket stranger = new StrangersTicket("1");
    PhysicalConnection other = open();
    assertThat(other.commitStatus(stranger)).isEqualTo(CommitStatus.UNKNOWN);
    other.endTransaction(stranger);
    connection.jdbc().commit();
    assertThat(rows()).isEqualTo(1);
  }

  // ---- what a session keeps

  @ParameterizedTest
  @EnumSource(names = {"SMART", "DISCARD_ALL"})
  void aResetClearsWhatTheTextsHaveSet(ResetMode mode) throws SQLException {
    String before = ask(connection, database.settingQuery());
    String set = database.setting("1234");
    assertThat(connector.sideEffects(set).isNone()).isFalse();
    execute(connection, set);
    assertThat(ask(connection, database.settingQuery())).isNotEqualTo(before);
    connection.reset(mode, connector.sideEffects(set));
    assertThat(ask(connection, database.settingQuery())).isEqualTo(before);
  }

  /** What was done with the driver's own object nobody has seen. */
  @ParameterizedTest
  @EnumSource(names = {"SMART", "DISCARD_ALL"})
  void aResetAfterExposureClearsWhatNobodyHasSeen(ResetMode mode) throws SQLException {
    String before = ask(connection, database.settingQuery());
    execute(connection, database.setting("1234"));
    connection.reset(mode, SideEffects.EXPOSED);
    connection.prove();
    assertThat(ask(connection, database.settingQuery())).isEqualTo(before);
  }

  @Test
  void aResetOfNothingLeavesTheSessionAsItIs() throws SQLException {
    connection.reset(ResetMode.SMART, SideEffects.NONE);
    connection.validate(TIMEOUT);
    connection.reset(ResetMode.DISCARD_ALL, SideEffects.NONE);
    connection.validate(TIMEOUT);
    write();
    assertThat(rows()).isEqualTo(1);
  }

  @Test
  void sideEffectsAreAFunctionOfTheTextAndNoTextIsTooOdd() {
    assertThat(connector.sideEffects("select x from contract").isNone()).isTrue();
    assertThat(connector.sideEffects("insert into contract values (1)").isNone()).isTrue();
    for (String text :
        List.of("", " ", "'", "\"", "/*", "--", ";;", "set", "$$", "\u0000", "(", ")", "{call")) {
      assertThat(connector.sideEffects(text)).as(text).isEqualTo(connector.sideEffects(text));
    }
    String set = database.setting("1");
    assertThat(connector.sideEffects(set)).isEqualTo(connector.sideEffects(set));
    assertThat(connector.sideEffects("select 1; " + set).isNone()).isFalse();
  }

  /** What the program itself has set doesn't make a standby of the server. */
  @Test
  void theServerIsNotTakenForReadOnly() throws SQLException {
    String set = database.setting("1234");
    execute(connection, set);
    assertThat(connection.isServerReadOnly(connector.sideEffects(set))).isFalse();
    assertThat(connection.isServerReadOnly(SideEffects.EXPOSED)).isFalse();
  }

  // ---- failures

  @Test
  void aFailureMeansTheSameHoweverItIsWrapped() throws SQLException {
    database.endSession(connection);
    SQLException lost =
        (SQLException) catchThrowable(() -> ask(connection, "select x from contract"));
    Verdict verdict = connector.classify(lost);
    List<UnaryOperator<Throwable>> wrappings =
        List.of(
            RuntimeException::new,
            Error::new,
            cause -> new SQLException(cause),
            cause -> new SQLException("outer", null, 0, new RuntimeException(cause)),
            ConnectorContract::behindABatch,
            cause -> new RuntimeException(behindABatch(cause)),
            ConnectorContract::inACircle);
    for (UnaryOperator<Throwable> wrapping : wrappings) {
      assertThat(connector.classify(wrapping.apply(lost))).isEqualTo(verdict);
    }
  }

  private static Throwable behindABatch(Throwable next) {
    SQLException batch = new BatchUpdateException("entry 0 failed", new int[0]);
    batch.setNextException((SQLException) next);
    return batch;
  }

  private static Throwable inACircle(Throwable cause) {
    RuntimeException outer = new RuntimeException(cause);
    cause.addSuppressed(outer);
    RuntimeException inner = new RuntimeException("inner");
    outer.addSuppressed(inner);
    inner.initCause(outer);
    return inner;
  }

  @Test
  void noFailureIsTooOddToBeJudged() {
    SQLException knot = new SQLException("next to itself");
    knot.setNextException(new SQLException("next", null, -1, knot));
    List<Throwable> odd =
        List.of(
            new SQLException(),
            new SQLException(null, ""),
            new SQLException(null, "?"),
            new SQLException("a long state", "0".repeat(1000)),
            new BatchUpdateException(),
            new RuntimeException(),
            new StackOverflowError(),
            new InterruptedException(),
            knot);
    for (Throwable failure : odd) {
      assertThatCode(() -> assertThat(connector.classify(failure)).isNotNull())
          .as(failure.toString())
          .doesNotThrowAnyException();
    }
  }

  @Test
  void aMistakeInSqlIsTheCallers() throws SQLException {
    Throwable failure = catchThrowable(() -> execute(connection, "nonsense"));
    assertThat(connector.classify(failure)).isEqualTo(Verdict.STATEMENT_FAILED);
    connection.validate(TIMEOUT);
  }
}
