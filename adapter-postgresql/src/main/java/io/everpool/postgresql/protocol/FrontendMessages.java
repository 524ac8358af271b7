package io.everpool.postgresql.protocol;

import static io.everpool.postgresql.protocol.BackendMessages.length;
import static java.nio.charset.StandardCharsets.US_ASCII;

import io.everpool.postgresql.sql.StatementKind;
import io.everpool.postgresql.sql.StatementText;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A walk over the messages to the server, from the first byte of a stream (PostgreSQL's manual:
 * "Message Formats"). The buffers' edges may cut them anywhere. Of texts the beginning is kept; the
 * rest, all parameters and all data are passed over, but for the beginning of a COPY's. A message
 * counts as sent when its first bytes are.
 */
final class FrontendMessages {
  private static final int HEADER = 5;
  private static final int STARTUP_HEADER = 8;
  private static final int ENCRYPTION_CODES = 80877103; // TLS; the next is GSS
  private static final int LONGEST_NAMES = 512;
  private static final int LONGEST_PREPARED = 64 * 1024;
  private static final int LONGEST_QUERY = 1024 * 1024;
  private static final int SMALL = 1024;

  /**
   * What pgjdbc sends behind each statement where {@code autosave} and {@code cleanupSavepoints}
   * are on. From 42.7.13 it sends it at once, and reads the answer with that to the next statement.
   */
  private static final byte[] RELEASE = "RELEASE SAVEPOINT PGJDBC_AUTOSAVE".getBytes(US_ASCII);

  private final ProtocolLog log;
  private final BackendMessages answers;
  private final Consumer<StatementKind> outstanding;
  private final NamedKinds statements = new NamedKinds();
  private final NamedKinds portals = new NamedKinds();
  private final byte[] header = new byte[STARTUP_HEADER];
  private int headerBytes;
  private boolean startup = true;
  private byte type;
  private int remaining;
  private byte[] body = new byte[SMALL];
  private int wanted;
  private int taken;
  private boolean whole;

  /** Whether something was sent since the last Sync that may end in an error. */
  private boolean unsynced;

  FrontendMessages(ProtocolLog log, BackendMessages answers) {
    this.log = log;
    this.answers = answers;
    this.outstanding = log.outstanding()::add;
  }

  void walk(byte[] buffer, int from, int to) {
    int at = from;
    while (at < to) {
      if (wanted > 0) {
        at = take(buffer, at, to);
      } else if (remaining > 0) {
        int skipped = Math.min(remaining, to - at);
        if (type == 'd') { // CopyData
          log.copyData(buffer, at, at + skipped);
        }
        at += skipped;
        remaining -= skipped;
      } else if (startup) {
        header[headerBytes++] = buffer[at++];
        if (headerBytes == STARTUP_HEADER) {
          headerBytes = 0;
          startup();
        }
      } else if (headerBytes == 0 && to - at >= HEADER) {
        at = begin(buffer[at], length(buffer, at), buffer, at + HEADER, to);
      } else {
        header[headerBytes++] = buffer[at++];
        if (headerBytes == HEADER) {
          headerBytes = 0;
          at = begin(header[0], length(header, 0), buffer, at, to);
        }
      }
      if (log.isLost() || log.isRefused()) {
        return;
      }
    }
  }

  /**
   * The first eight bytes of a message without a type have come: its length and a code. The code is
   * the protocol's version (3.x), and the rest of that StartupMessage follows; or it asks for
   * encryption, and the server answers with a single byte.
   */
  private void startup() {
    int length = length(header, -1);
    int code = length(header, 3);
    if (code >>> 16 == 3 && length >= STARTUP_HEADER) {
      startup = false;
      remaining = length - STARTUP_HEADER;
    } else if ((code == ENCRYPTION_CODES || code == ENCRYPTION_CODES + 1)
        && length == STARTUP_HEADER) {
      answers.expectEncryptionAnswer();
    } else {
      log.lose(); // TLS without asking; a cancel request
    }
  }

  private int begin(byte type, int length, byte[] buffer, int at, int to) {
    if (length < 4) {
      log.lose();
      return to;
    }
    this.type = type;
    remaining = length - 4;
    switch (type) {
      case 'Q' -> { // Query, of the simple protocol
        log.beginRequest(unsynced);
        unsynced = false;
        return want(LONGEST_QUERY, buffer, at, to);
      }
      case 'P' -> { // Parse
        unsynced = true;
        return want(LONGEST_PREPARED, buffer, at, to);
      }
      case 'B', 'E' -> { // Bind, Execute
        unsynced = true;
        return want(LONGEST_NAMES, buffer, at, to);
      }
      case 'C' -> { // Close
        return want(LONGEST_NAMES, buffer, at, to);
      }
      case 'F' -> { // FunctionCall
        log.beginRequest(unsynced);
        unsynced = false;
        outstanding.accept(StatementKind.WRITE); // a function can't commit
        log.request();
      }
      case 'S' -> { // Sync
        unsynced = false;
        log.sync();
      }
      case 'c' -> log.copyDone(); // CopyDone
      case 'D' -> unsynced = true; // Describe
      case 'H', 'X', 'd', 'f', 'p' -> {
        // Flush, Terminate, CopyData, CopyFail, a password: they ask for nothing that could write
      }
      default -> log.lose();
    }
    return at;
  }

  private int want(int most, byte[] buffer, int at, int to) {
    int size = Math.min(remaining, most);
    whole = size == remaining;
    if (size == 0) {
      log.lose();
      return at;
    }
    if (to - at >= size) {
      remaining -= size;
      read(buffer, at, at + size);
      return at + size;
    }
    wanted = size;
    taken = 0;
    return at;
  }

  private int take(byte[] buffer, int at, int to) {
    int size = Math.min(wanted - taken, to - at);
    if (taken + size > body.length) {
      body = Arrays.copyOf(body, Math.min(wanted, Math.max(taken + size, 2 * body.length)));
    }
    System.arraycopy(buffer, at, body, taken, size);
    taken += size;
    remaining -= size;
    if (taken == wanted) {
      wanted = 0;
      read(body, 0, taken);
      if (body.length > SMALL) {
        body = new byte[SMALL]; // don't keep a large text with every connection
      }
    }
    return at + size;
  }

  private void read(byte[] buffer, int from, int to) {
    switch (type) {
      case 'Q' -> query(buffer, from, to);
      case 'P' -> parse(buffer, from, to);
      case 'B' -> bind(buffer, from, to);
      case 'E' -> {
        int end = zero(buffer, from, to);
        if (end == to) {
          log.lose();
        } else {
          execute(portals.get(buffer, from, end));
        }
      }
      default -> close(buffer, from, to);
    }
  }

  private void query(byte[] buffer, int from, int to) {
    int end = zero(buffer, from, to);
    boolean complete = whole && end < to;
    if (StatementText.mayAllowWrites(buffer, from, end)) {
      log.allowsWrites();
    }
    if (StatementText.mayWriteUnseen(buffer, from, end, complete)) {
      log.mayWriteUnseen();
    }
    StatementText.each(buffer, from, end, complete, outstanding);
    log.request();
    if (complete && Arrays.equals(buffer, from, end, RELEASE, 0, RELEASE.length)) {
      log.outstanding().answerIsLeft();
    }
  }

  private void parse(byte[] buffer, int from, int to) {
    int text = zero(buffer, from, to) + 1;
    if (text > to) {
      log.lose();
      return;
    }
    int end = zero(buffer, text, to);
    StatementKind kind = StatementText.of(buffer, text, end, end < to);
    boolean allowsWrites = StatementText.mayAllowWrites(buffer, text, end);
    boolean writesUnseen = StatementText.mayWriteUnseen(buffer, text, end, end < to);
    boolean countsChanges = StatementText.countsChanges(buffer, text, end);
    int found = NamedKinds.marked(kind, allowsWrites, writesUnseen, countsChanges);
    statements.put(buffer, from, text - 1, found);
  }

  private void bind(byte[] buffer, int from, int to) {
    int statement = zero(buffer, from, to) + 1;
    int end = statement > to ? to : zero(buffer, statement, to);
    if (end == to) {
      log.lose();
      return;
    }
    portals.put(buffer, from, statement - 1, statements.get(buffer, statement, end));
  }

  private void execute(int found) {
    if (NamedKinds.allowsWrites(found)) {
      log.allowsWrites();
    }
    if (NamedKinds.writesUnseen(found)) {
      log.mayWriteUnseen();
    }
    if (NamedKinds.countsChanges(found)) {
      log.countsChanges();
    }
    log.execute(NamedKinds.kind(found));
  }

  private void close(byte[] buffer, int from, int to) {
    int end = zero(buffer, from + 1, to);
    (buffer[from] == 'S' ? statements : portals).remove(buffer, from + 1, end);
  }

  /** Where the zero is that ends a text; {@code to} if there is none. */
  private static int zero(byte[] buffer, int from, int to) {
    int at = from;
    while (at < to && buffer[at] != 0) {
      at++;
    }
    return at;
  }
}
