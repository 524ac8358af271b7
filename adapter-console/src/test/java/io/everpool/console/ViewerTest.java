package io.everpool.console;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A page that doesn't read what it is sent. */
@Timeout(60)
class ViewerTest {
  private final Viewer viewer = new Viewer(null);

  private static byte[] frame(int i) {
    return ("data: " + i + "\n\n").getBytes(UTF_8);
  }

  @Test
  void what_is_sent_is_written_until_it_ends() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    viewer.send(frame(1));
    viewer.send(frame(2));
    viewer.end();
    viewer.writeTo(out);
    assertThat(out.toString(UTF_8)).isEqualTo("data: 1\n\ndata: 2\n\n");
  }

  @Test
  void one_that_hangs_is_cut_and_whoever_sends_never_waits() throws Exception {
    CountDownLatch hangs = new CountDownLatch(1);
    OutputStream out =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            hangs.countDown();
            try {
              new CountDownLatch(1).await(); // as a channel whose other end doesn't read
            } catch (InterruptedException e) {
              throw new InterruptedIOException();
            }
          }
        };
    FutureTask<Boolean> writer =
        new FutureTask<>(
            () -> {
              try {
                viewer.writeTo(out);
                return false;
              } catch (InterruptedIOException cut) {
                return !Thread.currentThread().isInterrupted();
              }
            });
    new Thread(writer).start();
    viewer.send(frame(0));
    hangs.await();
    for (int i = 1; i <= 100; i++) {
      viewer.send(frame(i));
    }
    assertThat(writer.get()).isTrue();
  }

  @Test
  void one_that_was_cut_before_it_began_writes_nothing() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 1; i <= 100; i++) {
      viewer.send(frame(i));
    }
    viewer.writeTo(out);
    assertThat(out.size()).isZero();
  }

  @Test
  void a_server_that_ends_interrupts_it() throws Exception {
    FutureTask<Boolean> writer =
        new FutureTask<>(
            () -> {
              Thread.currentThread().interrupt();
              viewer.writeTo(new ByteArrayOutputStream());
              return Thread.currentThread().isInterrupted();
            });
    new Thread(writer).start();
    assertThat(writer.get()).isTrue();
  }
}
