package io.everpool.postgresql.protocol;

import io.everpool.api.driver.Effects;
import io.everpool.api.driver.StreamedData;
import io.everpool.postgresql.sql.StatementKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the messages of one connection say for certain: whether something that may have written was
 * committed, or could have been by what is still unanswered. Whoever sent it, and however: by
 * JDBC's own methods, as SQL, or by the driver's object.
 *
 * <p>The server's word counts for what was answered. A tag COMMIT commits what the block has
 * written. Outside of a block the statements up to a ReadyForQuery are one transaction, which that
 * message ends, unless an error has undone it or a BEGIN has made it part of a block. The text
 * counts only for what is unanswered, and for a failed round whose CALL (or the like) may have
 * committed before it failed: that is told as committed, since nobody can tell it wasn't and there
 * is no answer to wait for.
 *
 * <p>An error is believed when ReadyForQuery follows it. Without one it may be a farewell, or the
 * word of a pooler in between, while the server has committed; unless it is a {@link Farewell} that
 * proves the opposite.
 *
 * <p>What lies outside: what functions do over other connections (dblink), and sequences.
 *
 * <p>A little long, for each message moves the one state that is here.
 *
 * <p>Everything here is plain fields, for the one thread that uses the connection under the
 * driver's lock; the same that asks for the effects. Whoever cuts the connection from another
 * thread closes the socket beneath and touches none of this; the unit's thread asks after its own
 * call has failed, and sees what it has itself written. If a program uses its connection in several
 * threads, it must have waited for them, as it must for the driver's own fields.
 */
public final class ProtocolLog {
  /** Where the statements are that are being answered. */
  private enum Block {
    OUTSIDE,
    INSIDE,
    /** After ROLLBACK (TO?) or COMMIT (AND CHAIN?), until ReadyForQuery tells. */
    EITHER
  }

  private final Outstanding outstanding = new Outstanding();
  private @Nullable CopiedStreams copied;
  private boolean lost;

  /** That of the last ReadyForQuery; 0 before the first. */
  private char status;

  /** The beginning of the ErrorResponse that has come before the first ReadyForQuery. */
  private byte @Nullable [] loginError;

  private Block block = Block.OUTSIDE;
  private boolean blockWrote;
  private boolean implicitWrote;

  /** Rows were counted in this block, or a notification was sent, whatever was undone since. */
  private boolean blockWroteForCertain;

  /** A text was sent that may write without an id and a count of rows, since a block was open. */
  private boolean mayHaveWrittenUnseen;

  /** Something was sent that counts, at its end, the rows that it has written. */
  private boolean countsChanges;

  private boolean failed;

  /**
   * The driver was told that the session has ended: by the server's last words, or by the end or
   * the failure of the stream; or nothing of what it writes is sent any more. Written under the
   * driver's lock, and read by any thread.
   */
  private volatile boolean over;

  /** The session has ended with none of what is unanswered carried out, or all of it undone. */
  private boolean leftUndone;

  /** The same, and for good: see {@link #keepBack()}. */
  private boolean keptBack;

  private boolean copyIn;
  private boolean copyOut;
  private boolean copyDone;
  private boolean replication;

  /** A replication stream has begun on this connection, be it over or not. */
  private boolean hasReplicated;

  /** Statements that were sent in the open round, and answered in the first one. */
  private int executed;

  private int answered;

  private long events;
  private long sentAt;
  private long committedAt;
  private long allowedWritesAt;
  private long tookWritesAt;

  // What the frontend sends.

  /** A simple query's statements are in {@link #outstanding()}; or a function call. */
  void request() {
    sent();
    outstanding.endRound();
  }

  /**
   * Before its statements are added: it ends an open round, too.
   *
   * @param unsynced whether an error before it would have the server pass over it
   */
  void beginRequest(boolean unsynced) {
    if (unsynced) {
      outstanding.join();
    }
  }

  void execute(StatementKind kind) {
    executed = outstanding.isOpen() ? executed + 1 : 1;
    sent();
    outstanding.add(kind);
  }

  void sync() {
    sent();
    outstanding.endRound();
  }

  void copyData(byte[] buffer, int from, int to) {
    if (copyIn && copied != null) {
      copied.data(buffer, from, to);
    }
  }

  void copyDone() {
    if (copyIn && copied != null) {
      copied.done();
    }
    if (!isRefused()) {
      sent();
      copyDone = true;
    }
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#refusedStreamed}. */
  public boolean isRefused() {
    return copied != null && copied.isRefused();
  }

  void allowsWrites() {
    allowedWritesAt = ++events;
  }

  /** See {@link io.everpool.postgresql.sql.StatementText#mayWriteUnseen}. */
  void mayWriteUnseen() {
    mayHaveWrittenUnseen = true;
  }

  /** See {@link io.everpool.postgresql.sql.StatementText#countsChanges}. */
  void countsChanges() {
    countsChanges = true;
  }

  /** The server says that new transactions are to take writes. */
  void takesWrites() {
    tookWritesAt = ++events;
  }

  private void sent() {
    sentAt = ++events;
    leftUndone = false; // the session's last words were about what was sent before
  }

  Outstanding outstanding() {
    return outstanding;
  }

  // What the backend answers.

  void complete(CommandTag tag) {
    answered++;
    blockWroteForCertain |= tag == CommandTag.WROTE || (copyIn && tag == CommandTag.WRITE);
    endCopy();
    switch (tag) {
      case HARMLESS -> {
        // nothing to keep
      }
      case WRITE, WROTE -> wrote();
      case SELF_COMMITTING -> {
        if (block != Block.INSIDE) {
          committed();
          takesWrites(); // a procedure may begin transactions that do
        }
        wrote();
      }
      case PREPARED -> {
        committed();
        endTransaction();
      }
      case BEGIN -> {
        blockWrote |= implicitWrote;
        implicitWrote = false;
        block = Block.INSIDE;
      }
      case COMMIT -> {
        if (blockWrote || implicitWrote) {
          committed();
        }
        endTransaction();
      }
      case ROLLBACK -> {
        implicitWrote = false;
        if (block == Block.INSIDE) {
          block = Block.EITHER;
        }
      }
    }
  }

  private void endTransaction() {
    blockWroteForCertain = false;
    blockWrote = false;
    implicitWrote = false;
    block = Block.EITHER;
  }

  /** Rows of it have come, more may be asked for; what it has written isn't counted yet. */
  void suspended() {
    answered++;
    mayHaveWrittenUnseen |= countsChanges;
    wrote();
  }

  void emptyQuery() {
    answered++;
  }

  void functionResult() {
    wrote();
  }

  private void wrote() {
    implicitWrote |= block != Block.INSIDE;
    blockWrote |= block != Block.OUTSIDE;
  }

  private void committed() {
    committedAt = ++events;
  }

  void error() {
    failed = true;
    if (outstanding.isJoined()) {
      lose(); // whether the simple query was run is more than we can tell
    }
  }

  /** The server doesn't let the session in; {@code body} is what is read of its ErrorResponse. */
  void loginError(byte[] body) {
    loginError = body;
  }

  /** See {@link Farewell#leavesAllUndone}. */
  void leftAllUndone() {
    leftUndone = true;
  }

  /**
   * What was told last as sent wasn't, nor is anything from now on; and what was sent before it
   * can't commit anything by itself. The session is over for good, whatever is read of it later on.
   */
  void keepBack() {
    leftUndone = true;
    keptBack = true;
    over = true;
  }

  /** See {@link Farewell#leavesRoundOpen}: a round before it, or a COMMIT in it, may be done. */
  void leftRoundOpen() {
    leftUndone = keptBack || outstanding.commitsAtItsEndOnly(status);
  }

  /** See {@link #isOver()}. */
  void end() {
    over = true;
  }

  void ready(char now) {
    if (now != 'I' && now != 'T' && now != 'E') {
      lose();
      return;
    }
    endCopy();
    if (status != 0) {
      if (failed && !keptBack && outstanding.mayHaveCommittedItself(status)) {
        committed();
        takesWrites();
      }
      if (!outstanding.finishRound()) {
        lose(); // nobody has asked
        return;
      }
    }
    implicitWrote &= !failed;
    if (now == 'I') {
      if (implicitWrote) {
        committed();
      }
      blockWroteForCertain = false;
      mayHaveWrittenUnseen &= !outstanding.isEmpty(); // what is sent already is for the next
      blockWrote = false;
      block = Block.OUTSIDE;
    } else {
      blockWrote |= implicitWrote;
      block = Block.INSIDE;
    }
    implicitWrote = false;
    failed = false;
    leftUndone = keptBack; // otherwise it goes on, so that was no end
    if (over && !keptBack) {
      over = false;
    }
    countsChanges &= !outstanding.isEmpty();
    replication = false;
    answered = 0;
    loginError = null;
    status = now;
  }

  void copyIn(boolean extended) {
    copyIn = true;
    copyDone = false;
    if (extended
        && (outstanding.isJoined() || answered + 1 != executed || !outstanding.reopenRound())) {
      lose(); // the server passes over a Sync that it reads before the end of the data
    }
    copied().begin(events);
  }

  private CopiedStreams copied() {
    CopiedStreams made = copied;
    if (made == null) {
      made = new CopiedStreams();
      copied = made;
    }
    return made;
  }

  void copyOut() {
    copyOut = true;
  }

  void copyBoth() {
    replication = true;
    hasReplicated = true;
  }

  private void endCopy() {
    copyIn = false;
    copyOut = false;
  }

  // What is known.

  /**
   * Whether nothing is left to be answered and no copy is under way, as far as can be seen. What
   * the driver has taken from the socket and not read yet is beyond this. An answer that the driver
   * itself reads with the next one, in a transaction, is none that anybody would read in its place.
   */
  public boolean isInStep() {
    boolean left = status == 'T' && !failed && outstanding.isAnswerLeft();
    return lost || ((left || outstanding.isEmpty()) && !isStreaming());
  }

  boolean isStreaming() {
    return copyIn || copyOut || replication;
  }

  /**
   * Whether a read that times out has waited for what must come. A notification needn't, and
   * pgjdbc, that has waited for one in vain, goes on with the connection. So it does where it
   * replicates: it has set a time there after which it reads on, and that stays behind the stream.
   */
  public boolean isAnswerOwed() {
    return lost || !isReady() || (!hasReplicated && (!outstanding.isEmpty() || isStreaming()));
  }

  /**
   * Whether the server may still be at what it was asked. Not if it has failed at it, though the
   * end of its answer didn't come: these may have been its last words.
   */
  public boolean mayStillRun() {
    boolean asked = !outstanding.isEmpty() || isStreaming();
    return isReady() && !lost && asked && !leftUndone && !(failed && outstanding.rounds() <= 1);
  }

  /**
   * Whether the driver was told that the session has ended, or nothing of what it writes is sent
   * any more ({@link #keepBack()}). pgjdbc doesn't close its connection for that in every call: not
   * where it has waited for a notification. May be asked by any thread.
   */
  public boolean isOver() {
    return over;
  }

  /** The messages aren't what the protocol says, or can't be seen: for good. */
  void lose() {
    lost = true;
  }

  boolean isLost() {
    return lost;
  }

  /** The server has let the session in. */
  public boolean isReady() {
    return status != 0;
  }

  /**
   * The body of the ErrorResponse that has ended the login, or its beginning if it is long; null if
   * there is none.
   */
  public byte @Nullable [] loginError() {
    return loginError;
  }

  public long moment() {
    return events;
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#effectsSince}. */
  public Effects effectsSince(long moment) {
    if (lost || status == 0) {
      return Effects.UNPROVEN;
    }
    if (committedAt > moment) {
      return Effects.COMMITTED;
    }
    return sentAt > moment ? unanswered(true) : Effects.NONE;
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#unanswered}. */
  public Effects unanswered(boolean queriesWrite) {
    if (lost || status == 0) {
      return Effects.UNPROVEN;
    }
    return couldCommit(queriesWrite) ? Effects.IN_DOUBT : Effects.NONE;
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#streamedSince}. */
  public List<StreamedData> streamedSince(long moment) {
    return lost || copied == null ? List.of() : copied.since(moment);
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#expectStreamed}. */
  public void expectStreamed(List<StreamedData> before) {
    if (copied != null || !before.isEmpty()) {
      copied().expect(before);
    }
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#takesWritesSince}. */
  public boolean takesWritesSince(long moment) {
    return !lost && tookWritesAt > moment;
  }

  /**
   * Whether a statement that ends a transaction was sent, or within one what may be such, and may
   * have committed it.
   */
  public boolean commitUnanswered() {
    return !lost && status != 0 && !leftUndone && outstanding.hasCommit(status);
  }

  /**
   * Whether the open transaction has written by what the server has said of it, or may have by the
   * texts of its statements, though it may have no id: the rows of a foreign table are another
   * server's, and a NOTIFY, or the query of a cursor WITH HOLD, gets its id within the COMMIT.
   */
  public boolean hasWritten() {
    return blockWroteForCertain || mayHaveWrittenUnseen;
  }

  private boolean couldCommit(boolean queriesWrite) {
    if (outstanding.isEmpty() || leftUndone) {
      return false;
    }
    if (copyIn && !copyDone && outstanding.isOneWrite()) {
      return false; // the server waits for the end of the data
    }
    return outstanding.couldCommit(status, queriesWrite);
  }

  /** That of the last ReadyForQuery: I, T or E; 0 if there was none yet. */
  char status() {
    return status;
  }

  /** How many requests are not wholly answered. */
  int outstandingRequests() {
    return outstanding.rounds();
  }

  /** Whether a text was sent since then that may have lifted a bar to writing. */
  boolean mayHaveAllowedWritesSince(long moment) {
    return lost || allowedWritesAt > moment;
  }
}
