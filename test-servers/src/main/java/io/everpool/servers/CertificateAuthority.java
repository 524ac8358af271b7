package io.everpool.servers;

import io.everpool.servers.Certificate.Validity;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** Whoever trusts its {@link #root} trusts what it has issued. */
public final class CertificateAuthority {
  private static final Duration DAY = Duration.ofDays(1);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path directory;
  private final Path root;
  private final X500Principal name;
  private final KeyPair keys = keys("EC");

  private CertificateAuthority(Path directory, String name) {
    this.directory = directory;
    this.name = new X500Principal("CN=" + name);
    this.root = directory.resolve(name + ".crt");
  }

  /** A new one, whose files are in {@code directory}. */
  public static CertificateAuthority create(Path directory, String name) {
    CertificateAuthority authority = new CertificateAuthority(directory, name);
    Certificate.writeChain(
        authority.root,
        authority.sign(authority.name, authority.keys.getPublic(), null, Validity.NOW));
    return authority;
  }

  /** The file with its own certificate. */
  public Path root() {
    return root;
  }

  /** One for a server, by this name and as 127.0.0.1. */
  public Certificate server(String host) {
    return issue(host, host, Validity.NOW);
  }

  /** The same, but good until yesterday. */
  public Certificate expiredServer(String host) {
    return issue(host, host, Validity.EXPIRED);
  }

  /** One for a client, whose common name is the role's. */
  public Certificate client(String role) {
    return issue(role, null, Validity.NOW);
  }

  /** The same, but good until yesterday. */
  public Certificate expiredClient(String role) {
    return issue(role, null, Validity.EXPIRED);
  }

  private Certificate issue(String name, @Nullable String host, Validity validity) {
    KeyPair own = keys("EC");
    String file = this.name.getName().substring("CN=".length()) + "-" + name + "-" + validity;
    return Certificate.at(directory, file)
        .written(own, sign(new X500Principal("CN=" + name), own.getPublic(), host, validity));
  }

  private X509Certificate sign(
      X500Principal subject, PublicKey key, @Nullable String host, Validity validity) {
    return sign(name, keys.getPrivate(), subject, key, host, validity);
  }

  static X509Certificate selfSigned(String host, KeyPair keys, Validity validity) {
    X500Principal self = new X500Principal("CN=" + host);
    return sign(self, keys.getPrivate(), self, keys.getPublic(), host, validity);
  }

  /** With a host, for a server; without one and of its own issue, for an authority. */
  private static X509Certificate sign(
      X500Principal issuer,
      PrivateKey by,
      X500Principal subject,
      PublicKey key,
      @Nullable String host,
      Validity validity) {
    Instant end = Instant.now().plus(validity == Validity.NOW ? DAY : DAY.negated());
    JcaX509v3CertificateBuilder certificate =
        new JcaX509v3CertificateBuilder(
            issuer,
            new BigInteger(Long.SIZE, RANDOM).add(BigInteger.ONE),
            Date.from(Instant.now().minus(DAY.multipliedBy(3))),
            Date.from(end),
            subject,
            key);
    try {
      if (host != null) {
        certificate.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(
                new GeneralName[] {
                  new GeneralName(GeneralName.dNSName, host),
                  new GeneralName(GeneralName.iPAddress, "127.0.0.1")
                }));
      } else if (issuer.equals(subject)) {
        certificate.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
      }
      return new JcaX509CertificateConverter()
          .getCertificate(certificate.build(new JcaContentSignerBuilder(signature(by)).build(by)));
    } catch (CertIOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException("no certificate", e);
    }
  }

  private static String signature(PrivateKey by) {
    return switch (by.getAlgorithm()) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      default -> "Ed25519";
    };
  }

  static KeyPair keys(String algorithm) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      if (algorithm.equals("EC")) {
        generator.initialize(256);
      } else if (algorithm.equals("RSA")) {
        generator.initialize(2048);
      }
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("no key", e);
    }
  }
}
