package io.everpool.servers;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BinariesTest {

  /** As Java calls the platform (os.name, os.arch), and as zonky calls its archives. */
  @ParameterizedTest
  @CsvSource({
    "Linux, amd64, /postgres-linux-x86_64.txz",
    "Linux, aarch64, /postgres-linux-arm_64.txz",
    "Mac OS X, x86_64, /postgres-darwin-x86_64.txz",
    "Mac OS X, aarch64, /postgres-darwin-arm_64.txz",
    "Windows 11, amd64, /postgres-windows-x86_64.txz",
    "Windows 11, aarch64,",
    "Linux, s390x,",
    "SunOS, amd64,",
  })
  void everyPlatformHasItsArchive(String os, String arch, String archive) {
    assertThat(Binaries.archive(os, arch)).isEqualTo(archive);
  }

  @Test
  void theBuildBringsTheArchiveOfThisPlatform() {
    String name = Binaries.archive(System.getProperty("os.name"), System.getProperty("os.arch"));
    assertThat(Binaries.class.getResource(requireNonNull(name))).isNotNull();
  }

  /** The first builds on a machine unpack side by side. */
  @Test
  void ofTwoWhoUnpackAtOnceTheSecondTakesWhatTheFirstHas(@TempDir Path root) throws IOException {
    Path home = root.resolve("home");
    Path first = unpacked(root, "first");
    Path second = unpacked(root, "second");
    Binaries.publish(first, home);
    Binaries.publish(second, home);
    assertThat(home.resolve("bin/postgres")).hasContent("first");
    assertThat(second).doesNotExist();
  }

  @Test
  void whatCannotBePublishedIsTold(@TempDir Path root) throws IOException {
    Path unpacked = unpacked(root, "first");
    Path home = root.resolve("no such directory/home");
    assertThatThrownBy(() -> Binaries.publish(unpacked, home))
        .isInstanceOf(FileSystemException.class);
    assertThat(unpacked).doesNotExist();
  }

  private static Path unpacked(Path root, String who) throws IOException {
    Path unpacked = Files.createDirectories(root.resolve(who).resolve("bin"));
    Files.writeString(unpacked.resolve("postgres"), who);
    return unpacked.resolveSibling("");
  }
}
