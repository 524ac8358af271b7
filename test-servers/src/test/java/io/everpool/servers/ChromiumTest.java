package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs that are no browser, for all that they were asked to be one. */
@Timeout(120)
class ChromiumTest {
  private static final Duration SOON = Duration.ofMillis(300);

  private Path program = Path.of("");

  @BeforeEach
  void name(@TempDir Path folder) {
    program = folder.resolve("no-browser");
  }

  private void write(String script) throws Exception {
    Files.writeString(program, "#!/bin/sh\n" + script + "\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }

  private void isLeftByNobody() {
    assertThat(ProcessHandle.allProcesses())
        .noneMatch(each -> each.info().commandLine().orElse("").contains(program.toString()));
  }

  @Test
  void oneThatHangsAndSaysNothingIsGivenUp() throws Exception {
    write("while :; do sleep 1; done");
    assertThatThrownBy(() -> Chromium.start(program, SOON))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("doesn't say where it listens within 300 ms");
    isLeftByNobody();
  }

  @Test
  void oneThatDoesNotAnswerWhereItListensIsGivenUp() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      write(
          "echo DevTools listening on ws://127.0.0.1:"
              + silent.getLocalPort()
              + "/x\n"
              + "while :; do sleep 1; done");
      assertThatThrownBy(() -> Chromium.start(program, Duration.ofSeconds(2)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("within 2000 ms");
      isLeftByNobody();
    }
  }

  @Test
  void oneThatEndsIsQuoted() throws Exception {
    write("echo no display; exit 1");
    assertThatThrownBy(() -> Chromium.start(program, Duration.ofMinutes(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("it has ended, and said no display");
    isLeftByNobody();
  }
}
