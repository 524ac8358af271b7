package io.everpool.servers;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What {@code initdb} makes, with the tests' role and database, made once per user and version
 * beside the {@link Binaries} and copied from then on, which takes a fifth of the time. A copy has
 * an identity of its own, as if {@code initdb} had made it: there are tests that tell one server
 * from another. Nothing is made from {@code template0} here, and each copy would have its three
 * hundred files: it is dropped.
 */
final class ClusterTemplate {
  private static final String MADE_AFTERWARDS = "the tests' role and database, no template0";

  /** Of both roles, until the server that runs on the copy is given its own. */
  static final String PASSWORD = "of-the-template";

  /** The control file begins with the identifier (PostgreSQL: catalog/pg_control.h). */
  private static final String CONTROL = "global/pg_control";

  private static final String FIRST_SEGMENT = "pg_wal/000000010000000000000001";

  /** Of a segment's first page (PostgreSQL: access/xlog_internal.h, XLogLongPageHeaderData). */
  private static final int IDENTIFIER_IN_SEGMENT = 24;

  private ClusterTemplate() {}

  /** Fills an empty data directory. */
  static void copyTo(Path data, Path home) {
    try {
      Trees.copy(made(home), data, file -> true);
      identify(data, new SecureRandom().nextLong() & Long.MAX_VALUE);
    } catch (IOException e) {
      throw new UncheckedIOException("can't copy a data directory", e);
    }
  }

  private static Path made(Path home) throws IOException {
    // whatever makes another one of it is part of its name
    String options = Integer.toHexString(List.of(Cluster.INITDB, MADE_AFTERWARDS).hashCode());
    Path made = home.resolveSibling(home.getFileName() + "-data-" + options);
    if (!Files.isDirectory(made)) {
      Cluster cluster = new Cluster(home, home.resolveSibling("")); // to be moved from there
      ServerSettings settings = ServerSettings.defaults().withPassword(PASSWORD);
      try (EmbeddedServer server = new EmbeddedServer(settings, cluster, Port.claim())) {
        cluster.init(PASSWORD);
        server.startAgain();
        server.createDatabase();
        server.execute("alter database template0 with is_template false");
        server.execute("drop database template0");
        server.stop(PostgresServer.Shutdown.FAST);
        Binaries.publish(cluster.data(), made);
      }
    }
    return made;
  }

  /** The identifier stands in two places, and in one of them a checksum covers it. */
  private static void identify(Path data, long identifier) throws IOException {
    Path control = data.resolve(CONTROL);
    byte[] bytes = Files.readAllBytes(control);
    ByteBuffer fields = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    int checksumAt = checksumAt(bytes, fields);
    fields.putLong(0, identifier);
    fields.putInt(checksumAt, checksum(bytes, checksumAt));
    Files.write(control, bytes);
    try (RandomAccessFile segment =
        new RandomAccessFile(data.resolve(FIRST_SEGMENT).toFile(), "rw")) {
      segment.seek(IDENTIFIER_IN_SEGMENT);
      segment.write(
          ByteBuffer.allocate(Long.BYTES)
              .order(ByteOrder.nativeOrder())
              .putLong(identifier)
              .array());
    }
  }

  /** Where the checksum stands differs from version to version; it covers all that is before it. */
  private static int checksumAt(byte[] bytes, ByteBuffer fields) {
    for (int at = Long.BYTES; at + Integer.BYTES <= bytes.length; at += Integer.BYTES) {
      if (fields.getInt(at) == checksum(bytes, at)) {
        return at;
      }
    }
    throw new IllegalStateException("no checksum in " + CONTROL);
  }

  private static int checksum(byte[] bytes, int end) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, end);
    return (int) crc.getValue();
  }
}
