package io.everpool.servers;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * One client of a {@link NeonStandIn}: what Neon's proxy says to it before there is a session, and
 * then the bytes of the session both ways.
 */
final class NeonLink {
  /** What a TLS handshake begins with that nothing has announced (sslnegotiation=direct). */
  private static final int HANDSHAKE = 0x16;

  /** Type and length of a message. */
  private static final int HEAD = 5;

  private static final int BUFFER = 16_384;

  // proxy/src/{auth,proxy,compute}, in its words
  private static final String INSECURE = "connection is insecure (try using `sslmode=require`)";
  private static final String NO_ENDPOINT =
      "Endpoint ID is not specified. Either please upgrade the postgres client library (libpq) for"
          + " SNI support or pass the endpoint ID (first part of the domain name) as a parameter:"
          + " '?options=endpoint%3D<endpoint-id>'. See more at https://neon.tech/sni";
  private static final String NOT_FOUND =
      "The requested endpoint could not be found, or you don't have access to it. Please check the"
          + " provided ID and try again.";

  private final NeonStandIn standIn;
  private final Socket client;
  private volatile @Nullable Socket compute;
  private volatile boolean inSession;

  NeonLink(NeonStandIn standIn, Socket client) {
    this.standIn = standIn;
    this.client = client;
  }

  /** Whether a session goes through here. */
  boolean inSession() {
    return inSession;
  }

  /** Lives to the end of the connection. */
  void run() {
    try {
      client.setTcpNoDelay(true);
      welcome();
    } catch (IOException e) {
      // it is gone, or spoke something else: as with any server, nothing is left to say
    } finally {
      close();
      standIn.gone(this);
    }
  }

  private void welcome() throws IOException {
    InputStream raw = client.getInputStream();
    int first = raw.read();
    if (first == HANDSHAKE) {
      secured(new ByteArrayInputStream(new byte[] {HANDSHAKE}));
      return;
    }
    // unbuffered: what follows may be the handshake
    DataInputStream in =
        new DataInputStream(
            new SequenceInputStream(new ByteArrayInputStream(new byte[] {(byte) first}), raw));
    StartUp packet = StartUp.read(in);
    if (packet.code() == StartUp.GSS_REQUEST) {
      client.getOutputStream().write('N');
      packet = StartUp.read(in);
    }
    switch (packet.code()) {
      case StartUp.SSL_REQUEST -> {
        client.getOutputStream().write('S');
        secured(null);
      }
      case StartUp.CANCEL_REQUEST -> standIn.cancel(packet);
      default -> refuse(client.getOutputStream(), INSECURE);
    }
  }

  private void secured(@Nullable InputStream consumed) throws IOException {
    SSLSocket tls =
        (SSLSocket) standIn.tls().getSocketFactory().createSocket(client, consumed, true);
    tls.startHandshake();
    DataInputStream in = new DataInputStream(new BufferedInputStream(tls.getInputStream()));
    StartUp packet = StartUp.read(in);
    if (packet.code() == StartUp.CANCEL_REQUEST) {
      standIn.cancel(packet);
      return;
    }
    String refusal = refusal(endpointBySni(tls), packet.endpoint());
    if (refusal != null) {
      refuse(tls.getOutputStream(), refusal);
    } else {
      connect(tls, in, packet);
    }
    sayFarewell(tls);
  }

  private @Nullable String endpointBySni(SSLSocket tls) {
    return ((ExtendedSSLSession) tls.getSession())
        .getRequestedServerNames().stream()
            .filter(SNIHostName.class::isInstance)
            .map(name -> ((SNIHostName) name).getAsciiName())
            .filter(name -> name.endsWith("." + standIn.domain()))
            .map(name -> name.substring(0, name.indexOf('.')))
            .findFirst()
            .orElse(null);
  }

  /** The proxy's words; null for a client that is welcome. */
  private @Nullable String refusal(@Nullable String bySni, @Nullable String byOption) {
    if (bySni != null && byOption != null && !bySni.equals(byOption)) {
      return "Inconsistent project name inferred from SNI ('"
          + bySni
          + "') and project option ('"
          + byOption
          + "').";
    }
    String endpoint = bySni != null ? bySni : byOption;
    if (endpoint == null) {
      return NO_ENDPOINT;
    }
    return endpoint.equals(standIn.endpoint()) ? standIn.refusal() : NOT_FOUND;
  }

  private void connect(SSLSocket tls, DataInputStream in, StartUp packet) throws IOException {
    Socket there;
    try {
      there = standIn.connect();
    } catch (IOException e) {
      refuse(tls.getOutputStream(), NeonStandIn.NO_COMPUTE);
      return;
    }
    compute = there;
    there.getOutputStream().write(packet.forCompute().bytes());
    FaultProxy.daemon("neon-to-compute", () -> pump(in, there));
    try {
      DataInputStream answers =
          new DataInputStream(new BufferedInputStream(there.getInputStream()));
      if (letIn(answers, tls.getOutputStream(), packet.user())) {
        inSession = true;
        standIn.sessionBegan();
        copy(answers, tls.getOutputStream());
      }
    } finally {
      there.close();
    }
  }

  /** Passes the login on, message by message: what the compute refuses the proxy says itself. */
  private static boolean letIn(DataInputStream from, OutputStream to, String user)
      throws IOException {
    while (true) {
      int type = from.readUnsignedByte();
      int length = from.readInt();
      byte[] body = from.readNBytes(length - Integer.BYTES);
      if (type == 'E') {
        Map<Character, String> fields = fields(body);
        refuse(
            to,
            "28P01".equals(fields.get('C'))
                ? "password authentication failed for user '" + user + "'"
                : fields.getOrDefault('M', ""));
        return false;
      }
      to.write(message(type, body));
      to.flush();
      if (type == 'Z') {
        return true;
      }
    }
  }

  private static Map<Character, String> fields(byte[] body) {
    Map<Character, String> fields = new TreeMap<>();
    for (String field : new String(body, StandardCharsets.UTF_8).split("\0", -1)) {
      if (!field.isEmpty()) {
        fields.put(field.charAt(0), field.substring(1));
      }
    }
    return fields;
  }

  private static byte[] message(int type, byte[] body) {
    return ByteBuffer.allocate(HEAD + body.length)
        .put((byte) type)
        .putInt(Integer.BYTES + body.length)
        .put(body)
        .array();
  }

  /** As every error of Neon's proxy: no severity but ERROR, no SQLState but XX000. */
  private static void refuse(OutputStream to, String words) throws IOException {
    String body = "SERROR\0CXX000\0M" + words + "\0\0";
    to.write(message('E', body.getBytes(StandardCharsets.UTF_8)));
    to.flush();
  }

  private void pump(InputStream from, Socket to) {
    try {
      copy(from, to.getOutputStream());
    } catch (IOException e) {
      // either side has gone, and so does the other
    } finally {
      closeQuietly(to);
    }
  }

  private static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int count; (count = from.read(buffer)) >= 0; ) {
      to.write(buffer, 0, count);
      to.flush();
    }
  }

  /**
   * The end of TLS, and then that of the stream: closing the TLS socket instead waits for an answer
   * of the client's, who may not look for years.
   */
  private static void sayFarewell(SSLSocket tls) throws IOException {
    tls.shutdownOutput();
  }

  void close() {
    closeQuietly(client);
    Socket there = compute;
    if (there != null) {
      closeQuietly(there);
    }
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // it is gone anyway
    }
  }
}
