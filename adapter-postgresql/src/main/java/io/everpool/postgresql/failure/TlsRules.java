package io.everpool.postgresql.failure;

import io.everpool.api.Verdict;
import io.everpool.postgresql.failure.FailureRule.Scope;
import java.io.FileNotFoundException;
import java.nio.file.NoSuchFileException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/**
 * The rows of {@link FailureRules} for TLS, with the advice for the case that TLS keeps connections
 * from being opened. There is one sentence for each thing that can be wrong; it names the setting
 * in libpq's words, which are pgjdbc's as well unless two are named.
 */
final class TlsRules {
  static final String GENERAL =
      "Check sslmode (require for Neon and most clouds; disable or prefer where the server has no"
          + " TLS) and the certificates.";
  static final String ENCRYPT =
      "The server takes encrypted connections only from here: set sslmode=require.";
  static final String NO_TLS =
      "The server has no TLS: set sslmode=disable or prefer, or have ssl switched on there. Check"
          + " sslmode.";
  static final String UNTRUSTED =
      "The server's certificate isn't signed by a root that is trusted here: point sslrootcert at its"
          + " root, or use sslrootcert=system for a public one.";
  static final String EXPIRED =
      "The server's certificate has expired: have it renewed there, or look at this machine's clock.";
  static final String NOT_YET =
      "The server's certificate is not valid yet: look at this machine's clock, and at the server's.";
  static final String HOST =
      "The server's certificate is for another host than the one in the URL: connect by the host's"
          + " name that stands in it, or have it issued for this one; sslmode=verify-ca trusts every"
          + " host of its root.";
  static final String ROOT =
      "The trusted roots can't be read: sslrootcert must name a file with their certificates in PEM"
          + " (without it that is ~/.postgresql/root.crt); for a public root use"
          + " sslrootcert=system.";
  static final String VERSION =
      "Server and client have no TLS version in common: it is TLS 1.2 or newer here, or what"
          + " ssl_min_protocol_version and ssl_max_protocol_version say; look at the parameters of the"
          + " same names there.";
  static final String DIRECT =
      "Servers know sslnegotiation=direct from PostgreSQL 17 on: leave it out, and look whether a"
          + " proxy is in between.";
  static final String UNBOUND =
      "channel_binding=require (channelBinding) needs TLS, and this connection is in clear: set"
          + " sslmode=require or stricter, and have ssl switched on at the server.";
  static final String BINDING =
      "channel_binding=require (channelBinding) needs a login by SCRAM straight to the server that"
          + " holds the certificate, of RSA or ECDSA: use scram-sha-256 in pg_hba.conf, look whether a"
          + " proxy ends TLS in between, or leave it out.";
  static final String CLIENT_WANTED =
      "The server wants a client certificate: set sslcert and sslkey.";
  static final String CLIENT_UNSENT =
      "Set sslcert and sslkey to a certificate whose issuer is in the server's ssl_ca_file, its"
          + " intermediate ones behind it; in PKCS-12 its entry must be named user.";
  static final String CLIENT_EXPIRED =
      "The client's certificate has expired: renew the one that sslcert names.";
  static final String CLIENT_REJECTED =
      "The server doesn't take the client's certificate: sslcert must name one that a root in its"
          + " ssl_ca_file has signed and that isn't revoked.";
  static final String CLIENT_ROLE =
      "The client's certificate is for another role: its common name must be the user, or pg_hba.conf"
          + " map one to the other.";
  static final String CLIENT_FILE =
      "The client's certificate can't be read: sslcert must name a file with it in PEM, its"
          + " intermediate ones behind it.";
  static final String KEY =
      "The client's key can't be used: sslkey must name a file with the key of the certificate in"
          + " sslcert, in PKCS-8 (DER; or PEM without a password, from pgjdbc 42.7.9 on in a file"
          + " *.pem), or both in PKCS-12 (*.p12). Check sslkey and sslpassword.";
  static final String KEY_OF_ANOTHER =
      "The client's key isn't that of its certificate: sslkey and sslcert must belong together.";
  static final String KEY_LOCKED = "The client's key is encrypted: set sslpassword.";
  static final String KEY_PASSWORD =
      "The password of the client's key is wrong, or the key is damaged: check sslpassword and"
          + " sslkey.";
  static final String KEY_OPEN =
      "The client's key may be read by others: make the file that sslkey names its owner's alone"
          + " (chmod 600).";

  static final List<FailureRule> TABLE =
      List.of(
          // The files of this side come first, because a fault in them may be a
          // CertificateException, too.
          connecting("ssl root certificate", PSQLException.class, ROOT),
          connecting(
              "open ssl certificate file|loading the ssl certificate|could not load cert chain",
              null,
              CLIENT_FILE),
          connecting("could not read password for ssl key file", null, KEY_LOCKED),
          connecting(
              "could not decrypt ssl key file|keystore password was incorrect",
              PSQLException.class,
              KEY_PASSWORD),
          connecting("has group or world access|has insecure permissions", null, KEY_OPEN),
          connecting(
              "ssl key file|sslkey|private key|x.509 certificatefactory not available", null, KEY),

          // These are about the server's certificate.
          whenever(CertificateExpiredException.class, EXPIRED),
          whenever(CertificateNotYetValidException.class, NOT_YET),
          whenever(CertificateException.class, UNTRUSTED),
          whenever(CertPathValidatorException.class, UNTRUSTED),
          connecting("hostnameverifier", null, HOST),
          connecting("channel binding is required, but ssl is not in use", null, UNBOUND),
          connecting("channel binding is required", null, BINDING),

          // These are what the server says of the client's certificate, in the alerts of TLS (RFC
          // 8446, 6.2).
          connecting("certificate_required", SSLException.class, CLIENT_WANTED),
          connecting("decrypt_error", SSLException.class, KEY_OF_ANOTHER),
          connecting("certificate_expired", SSLException.class, CLIENT_EXPIRED),
          connecting(
              "bad_certificate|unsupported_certificate|certificate_revoked|certificate_unknown"
                  + "|unknown_ca",
              SSLException.class,
              CLIENT_REJECTED),

          // These are about neither certificate.
          connecting(
              "protocol_version|client preferences|appropriate protocol|no tls version",
              SSLException.class,
              VERSION),
          connecting("sslnegotiation=direct", null, DIRECT),
          file(FileNotFoundException.class),
          file(NoSuchFileException.class));

  private TlsRules() {}

  private static FailureRule connecting(
      String words, @Nullable Class<? extends Throwable> cause, String advice) {
    return new FailureRule(Scope.CONNECTING, "08", words, cause, Verdict.REFUSED, advice);
  }

  private static FailureRule whenever(Class<? extends Throwable> cause, String advice) {
    return new FailureRule(Scope.ENDED, "08", "", cause, Verdict.REFUSED, advice);
  }

  private static FailureRule file(Class<? extends Throwable> cause) {
    return new FailureRule(Scope.CONNECTING, "", "", cause, Verdict.REFUSED, GENERAL);
  }
}
