package io.everpool.servers;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/**
 * The programs {@code initdb}, {@code pg_ctl} and {@code postgres}, unpacked once per user and
 * version from zonky's artifact into the directory for temporary files.
 */
final class Binaries {
  private static @Nullable Path found;

  private Binaries() {}

  /** The archive for a platform; null if there is none. By the names that Java has for them. */
  static @Nullable String archive(String os, String arch) {
    String system =
        os.startsWith("Linux")
            ? "linux"
            : os.startsWith("Mac") ? "darwin" : os.startsWith("Windows") ? "windows" : null;
    String processor =
        switch (arch) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64", "arm64" -> "arm_64";
          default -> null;
        };
    return system == null || processor == null || (system + processor).equals("windowsarm_64")
        ? null
        : "/postgres-" + system + "-" + processor + ".txz";
  }

  /** The directory that has {@code bin}. Looked for once per JVM: the archive is read for it. */
  static synchronized Path home() {
    Path home = found;
    if (home == null) {
      home = find();
      found = home;
    }
    return home;
  }

  private static Path find() {
    try {
      String name =
          "everpool-postgres-%s-%08x".formatted(System.getProperty("user.name"), checksum());
      Path home = Path.of(System.getProperty("java.io.tmpdir")).resolve(name);
      if (!Files.isDirectory(home)) {
        Path unpacked = Files.createTempDirectory("everpool-unpack");
        unpack(unpacked);
        permit(unpacked, "rwxr-xr-x");
        publish(unpacked, home);
      }
      return home;
    } catch (IOException e) {
      throw new UncheckedIOException("can't unpack PostgreSQL", e);
    }
  }

  /**
   * Whoever comes second throws his own away. What the system says to him differs: of an atomic
   * move Java passes on the plain error, and not that the directory exists or isn't empty.
   */
  static void publish(Path unpacked, Path home) throws IOException {
    try {
      Files.move(unpacked, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      Trees.delete(unpacked);
      if (!Files.isDirectory(home)) {
        throw e;
      }
    }
  }

  private static void unpack(Path into) throws IOException {
    try (TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(archive()))) {
      for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
        Path target = into.resolve(entry.getName()).normalize();
        if (!target.startsWith(into)) {
          throw new IOException("outside of the archive: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(target);
          continue;
        }
        Files.createDirectories(target.resolveSibling(""));
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
        } else {
          Files.copy(tar, target);
          boolean runs = (entry.getMode() & 0100) != 0;
          permit(target, runs ? "rwxr-xr-x" : "rw-r--r--");
        }
      }
    }
  }

  private static void permit(Path path, String permissions) throws IOException {
    if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }
  }

  /** Tells one version's archive from another's; for SHA-256 a test's JVM has no intrinsic. */
  private static long checksum() throws IOException {
    CRC32 crc = new CRC32();
    try (InputStream in = new CheckedInputStream(archive(), crc)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return crc.getValue();
  }

  private static InputStream archive() {
    String os = System.getProperty("os.name");
    String arch = System.getProperty("os.arch");
    String name = archive(os, arch);
    InputStream in = name == null ? null : Binaries.class.getResourceAsStream(name);
    if (in == null) {
      throw new IllegalStateException(
          "no PostgreSQL for this platform ("
              + os
              + ", "
              + arch
              + "): run a Docker engine, or build on Linux or macOS");
    }
    return in;
  }
}
