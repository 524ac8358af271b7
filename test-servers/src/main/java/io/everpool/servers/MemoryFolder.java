package io.everpool.servers;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where data directories lie while a test runs: in memory, if Linux has a folder there with room.
 *
 * <p>A data directory is a thousand files, and most tests delete theirs after a second or two. On
 * ext4 whoever makes a file looks for an inode that was not deleted within the last minutes (Linux:
 * {@code recently_deleted} in fs/ext4/ialloc.c), past all those that were; to start a server took a
 * second of processor time there, and the build spent a fourth of its own on it.
 */
final class MemoryFolder {
  private static final Path SHARED = Path.of("/dev/shm");

  /** A server takes some 60 MB; a container often has 64 in all there, which is no use. */
  private static final long ROOM = 4L << 30;

  /**
   * Of the machine, or of the container: what lies in that folder can't be swapped for anything.
   */
  private static final long MEMORY = 8L << 30;

  private MemoryFolder() {}

  /**
   * That folder; the one for temporary files where there is none. {@code -Dtests.server-folder}
   * names another.
   */
  static Path orTemporary() {
    String chosen = System.getProperty("tests.server-folder");
    if (chosen != null) {
      return Path.of(chosen);
    }
    return hasRoom(SHARED) && memory() >= MEMORY
        ? SHARED
        : Path.of(System.getProperty("java.io.tmpdir"));
  }

  private static long memory() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : 0;
  }

  private static boolean hasRoom(Path folder) {
    if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
      return false;
    }
    try {
      FileStore store = Files.getFileStore(folder);
      return store.type().equals("tmpfs") && store.getUsableSpace() >= ROOM;
    } catch (IOException e) {
      return false;
    }
  }
}
