package io.everpool.postgresql.protocol;

import io.everpool.postgresql.sql.StatementKind;

/**
 * What was sent and isn't wholly answered, as the kinds of its statements in their order. They come
 * in rounds, each of which the server ends with a ReadyForQuery: a simple query, a function call,
 * or what comes before a Sync. Like statements in a row count once, so that a long batch takes no
 * room.
 */
final class Outstanding {
  /** Ends a round; the others are kinds' codes. */
  private static final byte END = -1;

  // Where a session may stand, as bits, for more than one may be possible.
  private static final int IDLE = 1;

  /** In an implicit transaction that has written. */
  private static final int WROTE = 1 << 1;

  private static final int BLOCK = 1 << 2;
  private static final int FAILED = 1 << 3;

  private byte[] entries = new byte[16];
  private int head;
  private int size;
  private int rounds;

  /** How many rounds there are up to the last joined one; 0 for none. */
  private int joined;

  /** The driver reads the answer to what was sent last together with that to the next. */
  private boolean answerLeft;

  void add(StatementKind kind) {
    byte entry = kind.code();
    if (size > 0 && kind.idempotent() && at(size - 1) == entry) {
      return;
    }
    append(entry);
  }

  void endRound() {
    append(END);
    rounds++;
  }

  /** What is sent next ends the open round without a Sync: an error before has it passed over. */
  void join() {
    joined = rounds + 1;
  }

  /** Whether a joined round isn't answered, be it the first or a later one. */
  boolean isJoined() {
    return joined > 0;
  }

  /** See {@link #isAnswerLeft}; whatever else is sent takes it back. */
  void answerIsLeft() {
    answerLeft = true;
  }

  /** Whether nothing is outstanding but a request whose answer the driver leaves for later. */
  boolean isAnswerLeft() {
    return answerLeft && joined == 0 && rounds == 1 && size == 2; // a kind, and its end
  }

  private void append(byte entry) {
    answerLeft = false;
    if (size == entries.length) {
      byte[] larger = new byte[2 * size];
      for (int i = 0; i < size; i++) {
        larger[i] = at(i);
      }
      entries = larger;
      head = 0;
    }
    entries[(head + size) & (entries.length - 1)] = entry;
    size++;
  }

  /** Another thread may look while this one adds: it sees something of then or of now. */
  private byte at(int index) {
    byte[] present = entries;
    return present[(head + index) & (present.length - 1)];
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Whether something was sent that no Sync has ended. */
  boolean isOpen() {
    return size > 0 && at(size - 1) != END;
  }

  /** How many rounds, an open one included. */
  int rounds() {
    return isOpen() ? rounds + 1 : rounds;
  }

  /** The first round was answered; false if there is none. */
  boolean finishRound() {
    if (rounds == 0) {
      return false;
    }
    rounds--;
    joined = Math.max(0, joined - 1);
    int at = 0;
    while (at(at++) != END) {
      // on to its end
    }
    head = (head + at) & (entries.length - 1);
    size -= at;
    return true;
  }

  /** Takes back the end of the only round; false if it isn't the only one, or is open. */
  boolean reopenRound() {
    if (rounds != 1 || isOpen()) {
      return false;
    }
    size--;
    rounds = 0;
    return true;
  }

  /** Whether there is one round, of one kind of statement that writes. */
  boolean isOneWrite() {
    return at(0) == StatementKind.WRITE.code() && (size == 1 || (size == 2 && rounds == 1));
  }

  /**
   * Whether any of it could commit something, however far the server has got.
   *
   * @param status that of the last ReadyForQuery
   * @param queriesWrite whether queries may write; otherwise they count for nothing
   */
  boolean couldCommit(char status, boolean queriesWrite) {
    return couldCommit(status, false, queriesWrite);
  }

  /**
   * Whether there is a COMMIT among it that could commit something, however far the server has got.
   *
   * @param status that of the last ReadyForQuery
   */
  boolean hasCommit(char status) {
    return couldCommit(status, true, true);
  }

  private boolean couldCommit(char status, boolean byCommit, boolean queriesWrite) {
    int states = states(status);
    int failures = 0; // where an error in this round may leave the session
    for (int i = 0; i < size; i++) {
      byte entry = at(i);
      if (entry == END) {
        if (!byCommit && (states & WROTE) != 0) {
          return true;
        }
        states |= failures;
        failures = 0;
        continue;
      }
      StatementKind kind = kind(entry, queriesWrite);
      if (commits(kind, states) && (!byCommit || mayBeCommit(kind, states))) {
        return true;
      }
      failures |= afterError(kind, states);
      states = after(kind, states);
    }
    return false;
  }

  /**
   * Whether there is one round, and nothing in it could commit before the end of the round: then
   * nothing is committed if the server never gets there.
   *
   * @param status that of the last ReadyForQuery
   */
  boolean commitsAtItsEndOnly(char status) {
    int states = states(status);
    for (int i = 0; i < size && at(i) != END; i++) {
      StatementKind kind = kind(at(i), true);
      if (commits(kind, states)) {
        return false;
      }
      states = after(kind, states);
    }
    return rounds() == 1;
  }

  /** Whether the first round, which an error has ended, has a statement that commits by itself. */
  boolean mayHaveCommittedItself(char status) {
    int states = states(status);
    for (int i = 0; i < size && at(i) != END; i++) {
      StatementKind kind = kind(at(i), true);
      if (kind == StatementKind.ANYTHING
          || (kind == StatementKind.SELF_COMMITTING && (states & (IDLE | WROTE)) != 0)) {
        return true;
      }
      states = after(kind, states);
    }
    return false;
  }

  private static StatementKind kind(byte entry, boolean queriesWrite) {
    StatementKind kind = StatementKind.of(entry);
    if (kind != StatementKind.QUERY) {
      return kind;
    }
    return queriesWrite ? StatementKind.WRITE : StatementKind.HARMLESS;
  }

  private static int states(char status) {
    return switch (status) {
      case 'I' -> IDLE;
      case 'T' -> BLOCK;
      default -> FAILED;
    };
  }

  private static boolean commits(StatementKind kind, int states) {
    return switch (kind) {
      case ANYTHING -> true;
      case SELF_COMMITTING -> (states & (IDLE | WROTE)) != 0;
      case COMMIT -> (states & (WROTE | BLOCK)) != 0;
      default -> false;
    };
  }

  /**
   * What may do anything counts where a block is open for certain: outside of one it is a statement
   * like any other for whoever asks for a COMMIT.
   */
  private static boolean mayBeCommit(StatementKind kind, int states) {
    return kind == StatementKind.COMMIT
        || (kind == StatementKind.ANYTHING && (states & (IDLE | WROTE)) == 0);
  }

  /** Where the session may stand after this statement has succeeded. */
  private static int after(StatementKind kind, int states) {
    int block = states & BLOCK;
    int failed = states & FAILED;
    int outside = states & (IDLE | WROTE);
    return switch (kind) {
      case HARMLESS -> outside | block;
      case WRITE, QUERY, SELF_COMMITTING -> (outside != 0 ? WROTE : 0) | block;
      case BEGIN -> (outside | block) != 0 ? BLOCK : 0;
      // AND CHAIN begins the next
      case COMMIT, ROLLBACK -> {
        int chained = (block | failed) != 0 ? IDLE | BLOCK : 0;
        yield (outside != 0 ? IDLE : 0) | chained;
      }
      case ROLLBACK_TO -> (block | failed) != 0 ? BLOCK : 0;
      case ANYTHING -> IDLE | WROTE | BLOCK | FAILED;
    };
  }

  /**
   * Where the session may stand after it has failed, and the rest of its round was passed over.
   * There is nothing that a BEGIN could fail by but the end of the connection: were it otherwise,
   * nothing that is sent together with one would be sure to be in its transaction.
   */
  private static int afterError(StatementKind kind, int states) {
    int outside = kind == StatementKind.BEGIN ? 0 : states & (IDLE | WROTE);
    return (outside != 0 ? IDLE : 0) | ((states & (BLOCK | FAILED)) != 0 ? FAILED : 0);
  }
}
