package io.everpool.postgresql.socket;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/**
 * The first that a server says on a socket, if it is an error that pgjdbc doesn't read.
 *
 * <p>A postmaster that can't start a process for a client tells him before it has read anything,
 * and without the protocol: an {@code E}, a text, a zero (its {@code
 * report_fork_failure_to_client}). Where TLS or GSS was asked for, pgjdbc takes the {@code E} for a
 * server that doesn't know it; where TLS begins at once, for no TLS; and else the text for a
 * length. A pooler may refuse a client before it looks at what he asks for, too, with an
 * ErrorResponse.
 */
final class FirstAnswer {
  /** SQLState {@code insufficient_resources}. */
  static final String NO_PROCESS = "53000";

  private static final byte[] ENCRYPTION_REQUEST = {0, 0, 0, 8, 0x04, (byte) 0xd2, 0x16};

  /** Ends the request for TLS; that for GSS ends otherwise. */
  private static final byte TLS_REQUEST = 0x2f;

  private static final byte TLS_HANDSHAKE = 0x16;

  /** SQLState of a pooler that takes the beginning of TLS for a broken message. */
  private static final String NOT_UNDERSTOOD = "08P01";

  /** SQLState of a server that takes the request for a protocol's number: 11 and older, of GSS. */
  private static final String NOT_SUPPORTED = "0A000";

  private static final byte[] NONE = {};
  private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cntrl}\\s]+");

  /** Who says it hasn't shown yet who he is: it mustn't fill a log, or look like lines of it. */
  private static final int LONGEST = 200;

  private boolean encryptionAsked;
  private boolean tlsAsked;

  /** The server has no TLS, and nothing was sent since it said so. */
  private boolean tlsRefused;

  private boolean tlsBegun;
  private boolean over;
  private byte[] error = NONE;

  void sent(byte[] from, int offset, int length) {
    if (!over && length > 0) {
      int most = Math.min(length, ENCRYPTION_REQUEST.length);
      encryptionAsked =
          Arrays.equals(
              from, offset, offset + most, ENCRYPTION_REQUEST, 0, ENCRYPTION_REQUEST.length);
      tlsAsked = encryptionAsked && length > most && from[offset + most] == TLS_REQUEST;
      tlsRefused = false;
      tlsBegun = from[offset] == TLS_HANDSHAKE;
    }
  }

  /** What was read; what is there behind it is looked at only if it is an error. */
  void received(byte[] in, int offset, int read, Wire wire) {
    if (over || read <= 0) {
      return;
    }
    if (encryptionAsked && read == 1 && in[offset] == 'N') {
      tlsRefused = tlsAsked;
      return; // behind a N something else is asked
    }
    over = true;
    if (in[offset] == 'E') {
      byte[] ahead = wire.ahead();
      error = Arrays.copyOfRange(in, offset, offset + read + ahead.length);
      System.arraycopy(ahead, 0, error, read, ahead.length);
    }
  }

  /** The error; null if there is none, or the driver has read it. */
  @Nullable SQLException error() {
    if (error.length == 0) {
      return null;
    }
    if (error.length == 1 || error[1] != 0) { // a length begins with a zero, a text doesn't
      String said = text(1, error.length);
      return new SQLException(
          "The server can't begin another session" + (said.isEmpty() ? "" : ": " + said),
          NO_PROCESS);
    }
    return encryptionAsked || tlsBegun ? response() : null;
  }

  /** What the driver makes of a server without TLS; null where it has gone on without it. */
  @Nullable SQLException tlsRefused() {
    return tlsRefused
        ? new PSQLException("The server does not support SSL.", PSQLState.CONNECTION_REJECTED)
        : null;
  }

  private @Nullable SQLException response() {
    StringBuilder fields = new StringBuilder();
    for (int at = 5, end; at < error.length && error[at] != 0; at = end + 1) {
      end = at;
      while (end < error.length && error[end] != 0) {
        end++;
      }
      fields.append(text(at, end)).append('\0');
    }
    ServerErrorMessage said = new ServerErrorMessage(fields.toString());
    return isNotUnderstood(said) ? null : new PSQLException(said);
  }

  /** Then the driver's word is the better one, that the server doesn't know such a beginning. */
  private boolean isNotUnderstood(ServerErrorMessage said) {
    String state = String.valueOf(said.getSQLState());
    String message = String.valueOf(said.getMessage());
    return NOT_SUPPORTED.equals(state)
        || (NOT_UNDERSTOOD.equals(state) && (tlsBegun || message.contains("bad packet")));
  }

  private String text(int from, int to) {
    int end = from;
    while (end < to && error[end] != 0) {
      end++;
    }
    String text = new String(error, from, end - from, StandardCharsets.UTF_8);
    String line = UNPRINTABLE.matcher(text).replaceAll(" ").strip();
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
  }
}
