package io.everpool.postgresql.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A walk over the messages from the server, by their headers (PostgreSQL's manual: "Message
 * Formats"). The buffers' edges may cut them anywhere. Rows and the data of a COPY are passed over
 * by their length.
 */
final class BackendMessages {
  private static final int HEADER = 5;

  private final ProtocolLog log;
  private final byte[] header = new byte[HEADER];
  private int headerBytes;
  private byte type;

  /** How much of the current message's body is still to come. */
  private int remaining;

  /** The beginning of a body that is read, if it came in pieces. */
  private byte[] body = new byte[CommandTag.LONGEST];

  /**
   * The beginning of the ParameterStatus {@code default_transaction_read_only = off}, which servers
   * send from PostgreSQL 14 on. No more than {@link CommandTag#LONGEST} bytes of a body are read:
   * that ends within the value, and is enough to tell {@code off} from {@code on}.
   */
  private static final byte[] TAKES_WRITES =
      "default_transaction_read_only\0of".getBytes(StandardCharsets.US_ASCII);

  private int wanted;
  private int taken;

  /** Bytes without a header that are to come: answers to a request for encryption. */
  private int encryptionAnswers;

  /** Whether what is being answered was sent by the extended protocol. */
  private boolean extended;

  /** Whether a part of an answer has come, after the last ReadyForQuery. */
  private boolean begun;

  /** Whether this error is all that was answered since then. */
  private boolean alone;

  BackendMessages(ProtocolLog log) {
    this.log = log;
  }

  void expectEncryptionAnswer() {
    encryptionAnswers++;
  }

  void walk(byte[] buffer, int from, int to) {
    int at = from;
    while (at < to) {
      if (wanted > 0) {
        at = take(buffer, at, to);
      } else if (remaining > 0) {
        int skipped = Math.min(remaining, to - at);
        at += skipped;
        remaining -= skipped;
      } else if (encryptionAnswers > 0) {
        encryptionAnswers--;
        if (buffer[at++] != 'N') { // S: TLS has a walk of its own; G: encrypted by GSS
          log.lose();
          return;
        }
      } else if (headerBytes == 0 && to - at >= HEADER) {
        int length = length(buffer, at);
        if ((buffer[at] == 'D' || buffer[at] == 'd') && length >= 4 && length < to - at) {
          at += 1 + length; // a row, or COPY's data: nearly all there is in a large answer
        } else {
          at = begin(buffer[at], length, buffer, at + HEADER, to);
        }
      } else {
        header[headerBytes++] = buffer[at++];
        if (headerBytes == HEADER) {
          headerBytes = 0;
          at = begin(header[0], length(header, 0), buffer, at, to);
        }
      }
      if (log.isLost()) {
        return;
      }
    }
  }

  /**
   * Whether these bytes, which come next, are last words of the session: an error that ends it,
   * behind nothing but what a server says unasked. They are not walked over by this.
   */
  boolean isFarewell(byte[] next) {
    if (wanted > 0 || remaining > 0 || headerBytes > 0 || encryptionAnswers > 0) {
      return false; // they begin within a message
    }
    int at = 0;
    while (next.length - at >= HEADER) {
      int length = length(next, at);
      if (length < 4) {
        return false;
      }
      int body = at + HEADER;
      if (next[at] == 'E') {
        int known = Math.min(length - 4, next.length - body);
        return Farewell.endsSession(next, body, body + known);
      }
      if ((next[at] != 'A' && next[at] != 'N' && next[at] != 'S') || length > next.length - at) {
        return false;
      }
      at += 1 + length;
    }
    return false;
  }

  static int length(byte[] buffer, int at) {
    return (buffer[at + 1] & 0xff) << 24
        | (buffer[at + 2] & 0xff) << 16
        | (buffer[at + 3] & 0xff) << 8
        | (buffer[at + 4] & 0xff);
  }

  /** A message's header was read; its body begins at {@code at}. */
  private int begin(byte type, int length, byte[] buffer, int at, int to) {
    if (length < 4) {
      log.lose();
      return to;
    }
    this.type = type;
    remaining = length - 4;
    alone = !begun;
    // NotificationResponse, NoticeResponse and ParameterStatus come at any time
    begun |= type != 'A' && type != 'N' && type != 'S';
    switch (type) {
      case 'C', 'Z', 'S' -> { // CommandComplete, ReadyForQuery, ParameterStatus
        int size = Math.min(remaining, CommandTag.LONGEST);
        if ((size == 0 && type != 'S') || (type == 'Z' && size != 1)) {
          log.lose();
        } else {
          return want(size, buffer, at, to);
        }
      }
      case 'E' -> { // ErrorResponse
        log.error();
        return want(Math.min(remaining, Farewell.LONGEST), buffer, at, to);
      }
      case 'I' -> log.emptyQuery(); // EmptyQueryResponse
      case 's' -> log.suspended(); // PortalSuspended
      case 'V' -> log.functionResult(); // FunctionCallResponse
      case 'G' -> log.copyIn(extended); // CopyInResponse
      case 'H' -> log.copyOut(); // CopyOutResponse
      case 'W' -> log.copyBoth(); // CopyBothResponse
      case '2' -> extended = true; // BindComplete
      case '1', '3', 'D', 'd', 'c', 'A', 'K', 'N', 'R', 'T', 'n', 't', 'v' -> {
        // no news: ParseComplete, CloseComplete, DataRow, CopyData, CopyDone, NotificationResponse,
        // BackendKeyData, NoticeResponse, Authentication, RowDescription, NoData,
        // ParameterDescription, NegotiateProtocolVersion
      }
      default -> log.lose();
    }
    return at;
  }

  /** Reads that much of the body now if it is there, or else when it has come. */
  private int want(int size, byte[] buffer, int at, int to) {
    if (to - at >= size) {
      remaining -= size;
      read(buffer, at, at + size);
      return at + size;
    }
    if (size > body.length) {
      body = new byte[size];
    }
    wanted = size;
    taken = 0;
    return at;
  }

  /** More of a body that is to be read has come. */
  private int take(byte[] buffer, int at, int to) {
    int size = Math.min(wanted - taken, to - at);
    System.arraycopy(buffer, at, body, taken, size);
    taken += size;
    remaining -= size;
    if (taken == wanted) {
      wanted = 0;
      read(body, 0, taken);
      if (body.length > CommandTag.LONGEST) {
        body = new byte[CommandTag.LONGEST]; // don't keep an error's room with every connection
      }
    }
    return at + size;
  }

  /** The wanted part of a body is there. */
  private void read(byte[] buffer, int from, int to) {
    if (type == 'Z') {
      extended = false;
      begun = false;
      log.ready((char) buffer[from]);
    } else if (type == 'E') {
      if (!log.isReady()) {
        log.loginError(Arrays.copyOfRange(buffer, from, to));
      }
      if (Farewell.endsSession(buffer, from, to)) {
        log.end();
      }
      if (alone && remaining == 0) {
        if (Farewell.leavesAllUndone(buffer, from, to)) {
          log.leftAllUndone();
        } else if (Farewell.leavesRoundOpen(buffer, from, to)) {
          log.leftRoundOpen();
        }
      }
    } else if (type == 'S') {
      if (Arrays.equals(buffer, from, to, TAKES_WRITES, 0, TAKES_WRITES.length)) {
        log.takesWrites();
      }
    } else {
      int end = from;
      while (end < to && buffer[end] != 0) {
        end++;
      }
      log.complete(CommandTag.of(buffer, from, end));
    }
  }
}
