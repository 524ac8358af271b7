package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PortTest {

  @Test
  void nobodyElseGetsOneThatIsTaken() {
    List<Port> taken = new ArrayList<>();
    try {
      for (int i = 0; i < 300; i++) {
        taken.add(Port.claim());
      }
      assertThat(taken).extracting(Port::number).doesNotHaveDuplicates();
    } finally {
      taken.forEach(Port::close);
    }
  }

  /** Another process tries just this, and an outgoing connection never has such a number. */
  @Test
  void itIsHeldAgainstOtherProcessesUntilItIsClosed() throws IOException {
    Port port = Port.claim();
    InetAddress here = InetAddress.getLoopbackAddress();
    assertThat(port.number()).isBetween(10_000, 32_767);
    assertThatThrownBy(() -> new DatagramSocket(port.number(), here).close())
        .isInstanceOf(BindException.class);
    port.close();
    new DatagramSocket(port.number(), here).close();
  }

  @Test
  void nobodyListensThere() {
    try (Port port = Port.claim()) {
      assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port.number()).close())
          .isInstanceOf(ConnectException.class);
    }
  }
}
