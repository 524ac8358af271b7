package io.everpool.postgresql.doctor;

import io.everpool.postgresql.doctor.Finding.Subject;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.HostPort;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.postgresql.ssl.PGjdbcHostnameVerifier;

/**
 * Looks at a server's TLS and at its certificate, without logging in. It accepts any certificate:
 * whether the certificate is trusted, the login shows, which verifies it as configured.
 */
final class Handshake {
  private static final int SSL_REQUEST_LENGTH = 8;
  private static final int SSL_REQUEST = 80877103;
  private static final Duration SOON = Duration.ofDays(30);

  private final Findings findings;
  private final int timeoutMillis;
  private final String mode;
  private final boolean direct;

  Handshake(Destination destination, int timeoutMillis, Findings findings) {
    this.findings = findings;
    this.timeoutMillis = timeoutMillis;
    this.mode = destination.sslMode();
    this.direct = "direct".equals(destination.properties().get(PropertyNames.SSL_NEGOTIATION));
  }

  private boolean isRequired() {
    return mode.equals("require") || mode.startsWith("verify-");
  }

  /** Examines the server; returns whether a login may be tried there. */
  boolean examine(HostPort host, InetAddress address) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, host.port()), timeoutMillis);
      socket.setSoTimeout(timeoutMillis);
      boolean local = socket.getInetAddress().isLoopbackAddress();
      int answer = direct ? 'S' : ask(socket);
      if (answer == 'E') {
        findings.advice(
            Subject.TLS,
            host + " has answered with an error before it could say whether it has TLS");
        return true; // the login shows which error it is
      }
      if (answer != 'S') {
        return withoutTls(host, local);
      }
      SSLSession session = shake(socket, host);
      return withTls(host, session, local);
    } catch (IOException | GeneralSecurityException e) {
      boolean hungUp = e instanceof HungUpException;
      String text =
          hungUp
              ? host + " hung up when it was asked for TLS, as a proxy does that has no server"
              : "the TLS handshake with " + host + " failed: " + said(e);
      if (isRequired()) {
        String question = ". Is it PostgreSQL that listens there, and with which TLS versions?";
        findings.deadEnd(Subject.TLS, hungUp ? text : text + question);
        return false;
      }
      findings.advice(Subject.TLS, text);
      return true;
    }
  }

  private static String said(Exception e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  /** The server, or a proxy before it, has closed the connection before it said anything. */
  private static final class HungUpException extends IOException {
    private static final long serialVersionUID = 1L;
  }

  private static int ask(Socket socket) throws IOException {
    int answer;
    try {
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      out.writeInt(SSL_REQUEST_LENGTH);
      out.writeInt(SSL_REQUEST);
      out.flush();
      answer = socket.getInputStream().read();
    } catch (SocketException e) { // reset, or a broken pipe
      answer = -1;
    }
    if (answer < 0) {
      throw new HungUpException();
    }
    return answer;
  }

  private boolean withoutTls(HostPort host, boolean local) {
    if (isRequired()) {
      findings.deadEnd(
          Subject.TLS,
          "the server at "
              + host
              + " has no TLS, and sslmode is "
              + mode
              + ": turn it on there (ssl = on), or set sslmode = disable if the whole way is"
              + " trusted");
      return false;
    }
    String text = "the server at " + host + " has no TLS";
    if (local) {
      findings.ok(Subject.TLS, text + ", and is on this machine");
    } else {
      findings.advice(
          Subject.TLS,
          text
              + ": whoever is on the way reads along. Turn it on there (ssl = on), and set sslmode ="
              + " verify-full");
    }
    return true;
  }

  private SSLSession shake(Socket plain, HostPort host)
      throws IOException, GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anybody()}, new SecureRandom());
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket(plain, host.host(), host.port(), false)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"postgresql"});
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return socket.getSession();
    }
  }

  private boolean withTls(HostPort host, SSLSession session, boolean local) throws IOException {
    X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
    boolean named = PGjdbcHostnameVerifier.INSTANCE.verify(host.host(), session);
    boolean valid = isValid(certificate, Duration.ZERO);
    String text =
        host
            + " has "
            + session.getProtocol()
            + ", with a certificate of "
            + certificate.getIssuerX500Principal().getName()
            + " until "
            + certificate.getNotAfter().toInstant();
    if (mode.startsWith("verify-") && !valid) {
      findings.deadEnd(Subject.TLS, text + ", which is not valid now: renew it");
      return false;
    }
    if (mode.equals("verify-full") && !named) {
      findings.deadEnd(
          Subject.TLS,
          text
              + ", which doesn't name "
              + host.host()
              + ": use the name that it has, or set sslmode = verify-ca");
      return false;
    }
    tell(text, certificate, named && valid, local);
    return true;
  }

  private void tell(String text, X509Certificate certificate, boolean good, boolean local) {
    if (!isRequired() && !mode.equals("prefer")) {
      if (local) {
        findings.ok(Subject.TLS, text + "; it isn't used, for sslmode is " + mode);
      } else {
        findings.advice(
            Subject.TLS, text + "; it isn't used, for sslmode is " + mode + ": set verify-full");
      }
    } else if (!isValid(certificate, SOON) && isValid(certificate, Duration.ZERO)) {
      findings.advice(Subject.TLS, text + ", which is soon: renew it");
    } else if (mode.startsWith("verify-") || local) {
      findings.ok(Subject.TLS, text);
    } else {
      findings.advice(
          Subject.TLS,
          text
              + "; it isn't verified, for sslmode is "
              + mode
              + ", so that anybody on the way may be the server: set verify-full"
              + (good ? "" : ", with a certificate that is valid and names the host"));
    }
  }

  private static boolean isValid(X509Certificate certificate, Duration later) {
    Instant at = Instant.now().plus(later);
    return !at.isBefore(certificate.getNotBefore().toInstant())
        && !at.isAfter(certificate.getNotAfter().toInstant());
  }

  /**
   * Trusts any certificate, because it is only to be looked at; nothing secret is sent to whoever
   * has it.
   */
  private static final class Anybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
