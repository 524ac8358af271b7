package io.everpool.postgresql.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The bytes of a session in both directions, in the order in which they pass, for a tap to read
 * along.
 */
final class Conversation {
  private static final int STARTUP_BYTES = 9;

  /** A piece that goes in one direction. */
  private static final class Piece {
    private final boolean toServer;
    private final byte[] bytes;

    Piece(boolean toServer, byte[] bytes) {
      this.toServer = toServer;
      this.bytes = bytes;
    }
  }

  private final List<Piece> pieces = new ArrayList<>();

  /** Begins with a start-up and a session that is ready. */
  static Conversation begin() {
    return unopened().startup().answer('R', ints(0)).answer('K', ints(1, 2)).ready('I');
  }

  static Conversation unopened() {
    return new Conversation();
  }

  private static byte[] ints(int... values) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * values.length);
    for (int value : values) {
      buffer.putInt(value);
    }
    return buffer.array();
  }

  private static byte[] texts(String... texts) {
    return (String.join("\0", texts) + "\0").getBytes(UTF_8);
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return joined.toByteArray();
  }

  private Conversation add(boolean toServer, byte[] bytes) {
    pieces.add(new Piece(toServer, bytes));
    return this;
  }

  private static byte[] message(char type, byte[] body) {
    return join(new byte[] {(byte) type}, ints(4 + body.length), body);
  }

  Conversation startup() {
    return add(true, join(ints(STARTUP_BYTES, 196608), new byte[1]));
  }

  Conversation raw(boolean toServer, byte... bytes) {
    return add(toServer, bytes);
  }

  Conversation rawInts(int... values) {
    return add(true, ints(values));
  }

  Conversation send(char type, byte[] body) {
    return add(true, message(type, body));
  }

  Conversation answer(char type, byte[] body) {
    return add(false, message(type, body));
  }

  Conversation query(String sql) {
    return send('Q', texts(sql));
  }

  Conversation parse(String name, String sql) {
    return send('P', join(texts(name, sql), new byte[2]));
  }

  Conversation bind(String portal, String statement) {
    return send('B', join(texts(portal, statement), new byte[6]));
  }

  Conversation execute(String portal) {
    return send('E', join(texts(portal), ints(0)));
  }

  /** Parse, bind, describe, execute, all without a name. */
  Conversation extended(String sql) {
    return parse("", sql).bind("", "").send('D', texts("P")).execute("");
  }

  Conversation sync() {
    return send('S', new byte[0]);
  }

  Conversation function() {
    return send('F', ints(1, 2, 3));
  }

  Conversation complete(String tag) {
    return answer('C', texts(tag));
  }

  /** What comes before the tag of a statement of the extended protocol. */
  Conversation bound() {
    return answer('1', new byte[0]).answer('2', new byte[0]).answer('n', new byte[0]);
  }

  Conversation rows(int count) {
    for (int i = 0; i < count; i++) {
      answer('D', join(new byte[] {0, 1}, ints(3), new byte[] {'C', 'Z', 'I'}));
    }
    return this;
  }

  Conversation error(String severity, String state) {
    return answer('E', texts("S" + severity, "V" + severity, "C" + state, "Mno", ""));
  }

  /** An error with these fields, each with its letter in front. */
  Conversation errorOf(String... fields) {
    return answer('E', texts(String.join("\0", fields), ""));
  }

  /** As PostgreSQL says it that it ends the session. */
  Conversation ended(String state, String routine) {
    return errorOf("SFATAL", "VFATAL", "C" + state, "Mno", "Fpostgres.c", "L3400", "R" + routine);
  }

  Conversation ready(char status) {
    return answer('Z', new byte[] {(byte) status});
  }

  /** Shows it all to the tap, each message in one piece. */
  void play(ProtocolTap tap) {
    for (Piece piece : pieces) {
      show(tap, piece.toServer, piece.bytes, 0, piece.bytes.length);
    }
  }

  /** Shows it all to the tap, in two pieces where {@code cut} bytes have passed. */
  void play(ProtocolTap tap, int cut) {
    int passed = 0;
    for (Piece piece : pieces) {
      int at = Math.max(0, Math.min(piece.bytes.length, cut - passed));
      show(tap, piece.toServer, piece.bytes, 0, at);
      show(tap, piece.toServer, piece.bytes, at, piece.bytes.length);
      passed += piece.bytes.length;
    }
  }

  /** Shows it all to the tap, in pieces of any size, some of several messages. */
  void play(ProtocolTap tap, Random random) {
    for (int i = 0; i < pieces.size(); ) {
      boolean toServer = pieces.get(i).toServer;
      ByteArrayOutputStream run = new ByteArrayOutputStream();
      while (i < pieces.size() && pieces.get(i).toServer == toServer) {
        run.writeBytes(pieces.get(i++).bytes);
      }
      byte[] bytes = run.toByteArray();
      for (int at = 0; at < bytes.length; ) {
        int to = Math.min(bytes.length, at + 1 + random.nextInt(1 + random.nextInt(64)));
        show(tap, toServer, bytes, at, to);
        at = to;
      }
    }
  }

  private static void show(ProtocolTap tap, boolean toServer, byte[] bytes, int from, int to) {
    if (toServer) {
      try {
        tap.sent(bytes, from, to - from);
      } catch (RestOfStreamException e) {
        throw new UncheckedIOException(e);
      }
    } else {
      tap.received(bytes, from, to - from);
    }
  }

  /** All its bytes, whichever way they go. */
  byte[] bytes() {
    return join(pieces.stream().map(piece -> piece.bytes).toArray(byte[][]::new));
  }

  int length() {
    return pieces.stream().mapToInt(piece -> piece.bytes.length).sum();
  }
}
