package io.everpool.api.driver;

import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * One session on the server. Used by one thread at a time, save {@link #cancel}, {@link
 * #cancelStatement}, {@link #abort()}, {@link #waits()}, {@link #beganReadOnly()} and {@link
 * #isOver()}, which may come from any thread while another one uses it.
 *
 * <p>Long, for each method says what an adapter owes; all but a few have a default.
 */
public interface PhysicalConnection {

  /** The driver's connection. Always the same object. */
  Connection jdbc();

  /**
   * The same session, but without drivers that are wrapped around it in order to look on. It is for
   * SQL that isn't the program's: {@code connection-init-sql} may hold a secret, and a driver that
   * looks on may log it. Always the same object.
   */
  default Connection unwatched() {
    return jdbc();
  }

  /** Looks at the connection without sending a byte, in about a microsecond; no statement runs. */
  Look look();

  /**
   * Asks the server for a sign of life; returns if it comes.
   *
   * @param timeoutNanos how long the answer may take; positive
   */
  void validate(long timeoutNanos) throws SQLException;

  /**
   * Whether the driver may put warnings on the connection though no statement was sent in a lease;
   * they are then cleared after every one. A driver that says no also promises that {@link
   * Connection#clearWarnings()} waits for nothing while {@link #inStep()}: if nothing else has to
   * be cleaned up, that call has no deadline. No round trip; asked once.
   */
  default boolean warnsUnasked() {
    return false;
  }

  /**
   * Whether the driver wants to know where the uses of a connection begin and end: {@link
   * Connection#beginRequest()} is then called before each lease and {@link Connection#endRequest()}
   * after it. No round trip; asked once.
   */
  default boolean wantsRequests() {
    return false;
  }

  /** What the driver remembers of the transaction; no round trip. */
  TransactionState transactionState();

  /**
   * Whether all that is sent is there for good at once, though autocommit was turned off: the
   * database has no transactions, and its driver takes the call all the same. What was sent is then
   * never taken for undone. No round trip; asked once.
   */
  default boolean commitsAtOnce() {
    return false;
  }

  /**
   * Whether it keeps to one catalog, whatever {@link Connection#setCatalog} is given. What there is
   * to set back is then not read: some drivers ask the server for it, and with autocommit off that
   * would begin the program's transaction. No round trip; asked once.
   */
  default boolean keepsCatalog() {
    return false;
  }

  /** A moment in the course of this connection, for {@link #effectsSince}; no round trip. */
  default long moment() {
    return 0;
  }

  /**
   * How much of what was sent since {@code moment}, by whomever and in whatever way, may be there
   * for good, as the protocol shows it. No round trip; also answered when the connection is lost or
   * closed. A driver that can't see all that is sent says {@link Effects#UNPROVEN}, and the pool
   * goes by what it has seen itself.
   *
   * @param moment what {@link #moment()} was then, on this connection
   */
  default Effects effectsSince(long moment) {
    return Effects.UNPROVEN;
  }

  /**
   * How much of what was sent and has no answer yet may be there for good by itself, outside of
   * transactions: nothing, or it is in doubt. No round trip; asked when the connection is lost. A
   * driver that can't see all that is sent says {@link Effects#UNPROVEN}, and the pool goes by the
   * texts that it has seen.
   *
   * @param queriesWrite whether a query may write, by a function that it calls, say; if not,
   *     queries don't count
   */
  default Effects unanswered(boolean queriesWrite) {
    return Effects.UNPROVEN;
  }

  /**
   * Whether the server may have come to take writes again since {@code moment}, though it was told
   * to refuse them: a function may set that, and a procedure may begin transactions of its own. No
   * round trip; also answered when the connection is lost or closed. A driver that can't see what
   * is sent says no, and the pool goes by the texts that it has seen.
   *
   * @param moment what {@link #moment()} was then, on this connection
   */
  default boolean takesWritesSince(long moment) {
    return false;
  }

  /**
   * Whether a COMMIT that may have taken effect was sent, by whatever call or text, and its answer
   * hasn't come. No round trip; also answered when the connection is lost or closed. A driver that
   * can't see what is sent says no, and the pool goes by the calls of JDBC that commit.
   */
  default boolean commitUnanswered() {
    return false;
  }

  /**
   * What the program has streamed to the server since {@code moment} by the driver's own object
   * (COPY), one after another. No round trip; also answered when the connection is lost or closed.
   * A driver that can't see what is sent, or has seen too much to keep it, says nothing of it.
   *
   * @param moment what {@link #moment()} was then, on this connection
   */
  default List<StreamedData> streamedSince(long moment) {
    return List.of();
  }

  /**
   * A further run of a unit of work begins, or goes on here; tells what an earlier run has
   * streamed. From now on, until this is called again, the first stream that is sent is compared
   * with the first of these, the second with the second, and so on. A stream that may be only the
   * rest of what the earlier run has read must not take effect on the server: the connection is cut
   * before the end of that stream is sent, and the call fails. No round trip.
   *
   * @param before what {@link #streamedSince} said on this connection or another; empty if there is
   *     nothing to compare with
   */
  default void expectStreamed(List<StreamedData> before) {}

  /**
   * Whether this connection was cut because what was streamed may be only a rest: see {@link
   * #expectStreamed}. No round trip; also answered when it is closed.
   */
  default boolean refusedStreamed() {
    return false;
  }

  /**
   * Has the server refuse every write from now on, in autocommit as well, or take them again.
   * Called outside of a transaction; costs a round trip, so the pool asks for it only when it
   * changes. JDBC's own {@code setReadOnly} is called beside it.
   *
   * @return false if this driver can't; it is not asked again on this connection, and what is
   *     declared read-only rests on {@code setReadOnly}
   */
  default boolean refuseWrites(boolean value) throws SQLException {
    return false;
  }

  /**
   * Whether {@link #refuseWrites} is needed within transactions that are begun by {@code
   * setAutoCommit(false)}, too: not if {@code setReadOnly(true)} makes these read-only on the
   * server. For those that begin with a large object it is called in any case.
   */
  default boolean refusesWritesInTransactions() throws SQLException {
    return false;
  }

  /**
   * Has statements run for as long as they need from now on, whatever limit the configuration gives
   * them ({@code command-timeout}), or gives them that limit again. Called outside of a
   * transaction; may cost a round trip.
   *
   * @param value whether they have their limit, as they have at first
   * @return false if this driver gives them none, so that there was nothing to be done
   */
  default boolean limitStatements(boolean value) throws SQLException {
    return false;
  }

  /**
   * Adds to a failure of a statement, after which the connection is good, what the adapter knows of
   * its cause and of what to do. No round trip.
   *
   * @param sideEffects as for {@link #isServerReadOnly}
   * @return {@code failure} itself if there is nothing to add; otherwise another one of the same
   *     class to whoever catches it, with the same state and codes, and {@code failure} as its
   *     cause
   */
  default SQLException explained(SQLException failure, SideEffects sideEffects) {
    return failure;
  }

  /**
   * Whether the next transaction may be another session's on the server, as behind a pooler that
   * lends its server connections by the transaction. What is set for the session is then lost, or
   * another's: the pool says the level of isolation and the schema in each transaction ({@link
   * #begin}) instead of by {@link Connection}'s setters. No round trip; always the same answer.
   */
  default boolean isSharedByTransaction() {
    return false;
  }

  /**
   * Begins a transaction, with autocommit off and none open, as JDBC's own would be but at this
   * level of isolation and in this schema. Called where {@link #isSharedByTransaction()}, before
   * the first statement of each transaction for which one of them was set, and before a read-only
   * one that the driver might not begin as such: with a large object, by its own object, or where
   * {@link #refusesWritesInTransactions()}; costs a round trip.
   *
   * @param isolation a level of {@link Connection}'s; {@link Connection#TRANSACTION_NONE} for the
   *     server's own
   * @param readOnly whether {@link Connection#setReadOnly} was called
   * @param schema as for {@link Connection#setSchema}; null for the server's own
   */
  default void begin(int isolation, boolean readOnly, @Nullable String schema) throws SQLException {
    throw new SQLFeatureNotSupportedException("This driver begins no transactions by itself");
  }

  /**
   * A statement is to run by itself, in autocommit, though a level of isolation was set, where
   * {@link #isSharedByTransaction()}: it runs at the server's own level. An adapter says so once,
   * where its users read it ({@link Connector#notes}). No round trip.
   */
  default void standsAlone() {}

  /**
   * Whether driver and server are in step, as far as can be seen from outside: no request waits for
   * its answer (but one whose answer the driver itself reads with the next), no copy is open, no
   * other thread is in the driver. No round trip, and it waits for nobody. Asked before anything is
   * cleaned up: a connection that isn't is cut, for whatever it is asked might wait for ever, or be
   * answered by what was meant for another question.
   */
  default boolean inStep() {
    return true;
  }

  /**
   * Whether whatever is asked now would wait for ever, or be answered by what was meant for another
   * question: something was left under way that nobody is at. This is the opposite of {@link
   * #inStep()}, except for what another thread is doing just now, which has an end. No round trip,
   * and it waits for nobody. Asked before anything is sent that isn't a statement of the program's:
   * if the answer is yes, that is refused, and a rollback cuts the connection.
   */
  default boolean isHeldUp() {
    return !inStep();
  }

  /**
   * Whether, once a program has had the driver's own object, the driver may let whoever asks
   * something wait for ever, and neither {@link #isHeldUp()} nor anything else shows that: behind a
   * copy that was left under way, say, with a driver of which only JDBC is known. If so, such a
   * connection is asked nothing when its lease ends, but closed. No round trip.
   */
  default boolean mayHangUnseen() {
    return false;
  }

  /**
   * Proves that the driver reads the answer to what it asks, and not one that was left unread: a
   * round trip. Called outside of a transaction, after a {@link #reset} with {@link
   * SideEffects#EXPOSED}; and in one that hasn't failed, before a unit of work commits in which the
   * program has had the driver's own object.
   *
   * @throws SQLException if it does not; the connection is then closed
   */
  default void prove() throws SQLException {}

  /**
   * Forgets the plans of prepared statements, here and on the server, so that the next use prepares
   * anew; called outside of a transaction after {@link Verdict#STALE_PLAN}. May cost a round trip.
   */
  default void forgetPlans() throws SQLException {}

  /**
   * Whether this connection shows that those opened before it go to a server that was superseded (a
   * failover): the pool then replaces them. No round trip; asked once, when it was opened.
   */
  default boolean supersedesEarlier() {
    return false;
  }

  /**
   * Whether a write that was refused here as read-only was refused because of the server. The
   * answer is what {@link #isServerReadOnly} says, unless the driver knows better now that somebody
   * writes. No round trip.
   *
   * @param sideEffects as for {@link #isServerReadOnly}
   */
  default boolean isWriteRefusedByServer(SideEffects sideEffects) {
    return isServerReadOnly(sideEffects);
  }

  /**
   * Whether the server took no writes on this connection when it was opened: a standby, or one that
   * was told to write no more. So the pool sees whether there is a server that does, when one has
   * become {@linkplain #isServerReadOnly read-only}. From any thread, without a round trip; always
   * the same answer. A driver that can't tell says no.
   */
  default boolean beganReadOnly() {
    return false;
  }

  /**
   * Counts how often this connection has waited: for an answer of the server's, or for the server
   * to take what is sent. The value is twice the number of waits that have ended, plus one while a
   * wait is under way. So whoever asks twice and gets the same odd value knows that the same wait
   * is still going on. An answer that was there at once may count as a wait that has ended. 0 from
   * a driver that can't tell. From any thread, without a round trip, and as of a moment ago.
   */
  default long waits() {
    return 0;
  }

  /**
   * Whether this session is over for good, as far as the driver has learnt of it by itself:
   * somebody has closed it on this side, or the driver has read that the server has ended it. Sends
   * nothing and reads nothing, and waits for nobody. From any thread. Once the answer is yes it
   * stays so. Asked while the connection is lent, if the program has had the driver's own object:
   * it may have met the end there, where the pool sees no failure, and have forgotten the
   * connection.
   */
  default boolean isOver() throws SQLException {
    return jdbc().isClosed();
  }

  /**
   * Lets the adapter learn what it wants to know of the database now and then. Called on a worker,
   * on an idle connection that nobody else can reach, after an examination at {@code
   * health-check-interval} if there was work since the last; not with {@code health-check = look},
   * which sends nothing, and never while the pool sleeps.
   *
   * @param timeoutNanos how long it may take; positive
   */
  default void refresh(long timeoutNanos) throws SQLException {}

  /**
   * Whether the server takes no writes, as far as it has told the driver, though this connection is
   * meant for one that does: the server took writes when the connection was opened, or the
   * connector was told to connect to one that does, or has already opened a connection to one. The
   * pool keeps the connection for reading until it has found a server that takes writes. What the
   * program itself has asked for (a read-only transaction) doesn't count. No round trip.
   *
   * @param sideEffects what {@link Connector#sideEffects} said of the statements of this lease:
   *     what they have set may look the same
   */
  default boolean isServerReadOnly(SideEffects sideEffects) {
    return false;
  }

  /**
   * Clears session state that SQL has set. Called outside of a transaction.
   *
   * @param mode how; never {@link ResetMode#NONE}
   * @param sideEffects what {@link Connector#sideEffects} said of the statements of this lease, and
   *     {@link SideEffects#EXPOSED} if the program had {@link #jdbc()} in its hands
   */
  void reset(ResetMode mode, SideEffects sideEffects) throws SQLException;

  /**
   * What to ask about after a COMMIT that may lose its answer; null if the open transaction has
   * written nothing and may be repeated. May cost a round trip.
   *
   * @throws SQLFeatureNotSupportedException if this driver can't tell; it is not asked again on
   *     this connection, and a COMMIT that loses its answer has an unknown outcome
   */
  default @Nullable CommitTicket commitTicket() throws SQLException {
    throw new SQLFeatureNotSupportedException("This driver can't look up a commit");
  }

  /**
   * Asks about another session's transaction. Called on a fresh connection.
   *
   * @param ticket of {@link #commitTicket()} on another connection; a stranger's is {@link
   *     CommitStatus#UNKNOWN}
   * @throws SQLException if there is no answer; also if this server can't have one, but another
   *     server of this connector may. If the failure's verdict is {@link
   *     io.everpool.api.Verdict#reconnectable()}, the question is asked again on another connection
   */
  default CommitStatus commitStatus(CommitTicket ticket) throws SQLException {
    return CommitStatus.UNKNOWN;
  }

  /**
   * Has the server end the transaction of {@code ticket}, and its session, if they are still there;
   * does nothing for a stranger's ticket. Called between two questions that were answered by {@link
   * CommitStatus#IN_PROGRESS}.
   */
  default void endTransaction(CommitTicket ticket) throws SQLException {}

  /**
   * Has the server end what it still does for this connection, which is about to be closed or cut:
   * by itself it would go on to the end, hold its locks, and be one session more than the pool may
   * have. Does nothing if nothing is under way. Called on a worker, once, whoever uses the
   * connection; that thread then finds it lost. What comes of it doesn't matter, for then the
   * connection is ended anyway.
   *
   * @param timeoutNanos how long it may take; positive
   */
  default void cancel(long timeoutNanos) throws SQLException {}

  /**
   * Asks the server to cancel the statement that another thread runs on this connection just now,
   * which ends there in an ordinary failure. Called on a worker, on a connection that will not be
   * lent again. If this can't be done, the pool cuts the connection; also if the statement doesn't
   * end soon afterwards.
   *
   * @param timeoutNanos how long the request may take; positive
   * @return whether it was asked: false if nothing runs, or this driver can't
   */
  default boolean cancelStatement(long timeoutNanos) throws SQLException {
    return false;
  }

  /**
   * How far what this session's server shows lies behind what its primary has committed; zero on a
   * server that follows no other. Called outside of a transaction; costs a round trip.
   *
   * @param timeoutNanos how long the answer may take; positive
   * @throws SQLFeatureNotSupportedException if this driver can't tell
   */
  default Duration replicaLag(long timeoutNanos) throws SQLException {
    throw new SQLFeatureNotSupportedException("This driver can't tell how far a replica lags");
  }

  /**
   * The highest level of isolation at which this session's server runs transactions now, as far as
   * is known; a replica may have no {@link Connection#TRANSACTION_SERIALIZABLE}. Work that only
   * reads and asks for more goes elsewhere: asked each time that it is lent a replica's connection.
   * No round trip.
   *
   * @return a level of {@link Connection}'s
   */
  default int highestIsolation() {
    return Connection.TRANSACTION_SERIALIZABLE;
  }

  /**
   * How many more connections the server would take now of whoever this one is, as far as it tells.
   * Asked of a pool's first connection; where that leaves not plenty, of each new one; and of a
   * server that has refused one for want of room, before the next is tried. Called outside of a
   * transaction; costs a round trip.
   *
   * @param timeoutNanos how long the answer may take; positive
   * @return 0 or more; empty if this can't be told, and then it is not asked again until the server
   *     has refused one
   * @throws SQLException with a fatal {@link Verdict} if the connection is lost, which is then not
   *     used; any other is taken for an empty answer
   */
  default OptionalInt room(long timeoutNanos) throws SQLException {
    return OptionalInt.empty();
  }

  /**
   * How far the server has written: whatever was committed by now lies before. Called outside of a
   * transaction; costs a round trip.
   *
   * @param timeoutNanos how long the answer may take; positive
   * @return the position, for {@link #hasReached} of a session with another server; no secret
   * @throws SQLFeatureNotSupportedException if this driver can't tell
   */
  default String position(long timeoutNanos) throws SQLException {
    throw new SQLFeatureNotSupportedException("This driver knows no positions of a server");
  }

  /**
   * Whether this session's server shows everything that was committed before {@link #position}
   * returned this value. Called outside of a transaction; costs a round trip.
   *
   * @param position a position, which may have been through other hands
   * @param timeoutNanos how long the answer may take; positive
   * @throws SQLFeatureNotSupportedException if this driver can't tell
   * @throws SQLException with state 22023 if that is no position
   */
  default boolean hasReached(String position, long timeoutNanos) throws SQLException {
    throw new SQLFeatureNotSupportedException("This driver knows no positions of a server");
  }

  /** Closes politely; may block for as long as the network does. */
  void close() throws SQLException;

  /** Cuts the connection without a word and at once; never throws. Harmless if it is closed. */
  void abort();
}
