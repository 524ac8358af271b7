package io.everpool.servers;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
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
}
