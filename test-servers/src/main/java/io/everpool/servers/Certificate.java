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

/** A self-signed certificate, made by the JDK's keytool and put where a server looks for it. */
final class Certificate {
  /** PostgreSQL's own name for it. */
  static final String FILE = "server.crt";

  private static final String KEY_FILE = "server.key";
  private static final char[] STORE_PASSWORD = "changeit".toCharArray();

  private Certificate() {}

  static void into(Path data) {
    Path key = data.resolve(KEY_FILE);
    try {
      // PostgreSQL refuses a key that others may read
      Files.createFile(
          key, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      write(key, "PRIVATE KEY", Generated.KEY);
      write(data.resolve(FILE), "CERTIFICATE", Generated.CERTIFICATE);
    } catch (IOException e) {
      throw new IllegalStateException("no certificate", e);
    }
  }

  /** The servers of one JVM have the same: to make one takes a JVM of its own, and a second. */
  private static final class Generated {
    static final byte[] KEY;
    static final byte[] CERTIFICATE;

    static {
      try {
        Path directory = Files.createTempDirectory("everpool-certificate");
        Path file = directory.resolve("server.p12");
        try {
          generate(file);
          KeyStore store = KeyStore.getInstance("PKCS12");
          try (InputStream in = Files.newInputStream(file)) {
            store.load(in, STORE_PASSWORD);
          }
          KEY = store.getKey("server", STORE_PASSWORD).getEncoded();
          CERTIFICATE = store.getCertificate("server").getEncoded();
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

    private Generated() {}
  }

  private static void generate(Path file) throws IOException, InterruptedException {
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
                "CN=localhost",
                "-ext",
                "SAN=dns:localhost,ip:127.0.0.1",
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

  private static void write(Path file, String what, byte[] der) throws IOException {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        file, "-----BEGIN " + what + "-----\n" + body + "\n-----END " + what + "-----\n");
  }
}
