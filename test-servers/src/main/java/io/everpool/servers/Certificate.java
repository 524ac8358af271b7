package io.everpool.servers;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

/**
 * A self-signed certificate and its key, in the files that a server wants; made by the JDK's
 * keytool.
 *
 * @param chain PEM
 * @param key PEM, for its owner only
 */
public record Certificate(Path chain, Path key) {
  /** PostgreSQL's own name for it. */
  static final String FILE = "server.crt";

  private static final String KEY_FILE = "server.key";
  private static final char[] STORE_PASSWORD = "changeit".toCharArray();

  /** Makes a new one for a host, in {@code directory}. */
  public static Certificate selfSigned(Path directory, String host) {
    Certificate made =
        new Certificate(directory.resolve(host + ".crt"), directory.resolve(host + ".key"));
    made.write(Keys.generate(host));
    return made;
  }

  /** Puts one for localhost where a server with this data directory looks for it. */
  static void into(Path data) {
    new Certificate(data.resolve(FILE), data.resolve(KEY_FILE)).write(Local.KEYS);
  }

  private void write(Keys keys) {
    try {
      // PostgreSQL refuses a key that others may read
      Files.createFile(
          key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(key, pem("PRIVATE KEY", keys.key));
      Files.writeString(chain, pem("CERTIFICATE", keys.certificate));
    } catch (IOException e) {
      throw new IllegalStateException("no certificate", e);
    }
  }

  private static String pem(String what, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + what + "-----\n" + body + "\n-----END " + what + "-----\n";
  }

  /** The servers of one JVM have the same: to make one takes a JVM of its own, and a second. */
  private static final class Local {
    static final Keys KEYS = Keys.generate("localhost");

    private Local() {}
  }

  /** Both halves, as DER. */
  private static final class Keys {
    final byte[] key;
    final byte[] certificate;

    private Keys(byte[] key, byte[] certificate) {
      this.key = key;
      this.certificate = certificate;
    }

    static Keys generate(String host) {
      try {
        Path directory = Files.createTempDirectory("everpool-certificate");
        Path file = directory.resolve("server.p12");
        try {
          keytool(file, host);
          KeyStore store = KeyStore.getInstance("PKCS12");
          try (InputStream in = Files.newInputStream(file)) {
            store.load(in, STORE_PASSWORD);
          }
          return new Keys(
              store.getKey("server", STORE_PASSWORD).getEncoded(),
              store.getCertificate("server").getEncoded());
        } finally {
          Files.deleteIfExists(file);
          Files.delete(directory);
        }
      } catch (IOException | GeneralSecurityException e) {
        throw new IllegalStateException("no certificate", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }

    private static void keytool(Path file, String host) throws IOException, InterruptedException {
      String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
      Process process =
          new ProcessBuilder(
                  keytool,
                  "-genkeypair",
                  "-alias",
                  "server",
                  "-keyalg",
                  "EC",
                  "-groupname",
                  "secp256r1",
                  "-dname",
                  "CN=" + host,
                  "-ext",
                  "SAN=dns:" + host + ",ip:127.0.0.1",
                  "-validity",
                  "2",
                  "-storetype",
                  "PKCS12",
                  "-keystore",
                  file.toString(),
                  "-storepass",
                  new String(STORE_PASSWORD))
              .redirectErrorStream(true)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException("keytool: " + output);
      }
    }
  }
}
