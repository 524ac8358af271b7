package io.everpool.console;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The one thread that tells all pages what is new. */
@Timeout(60)
class StreamsTest {

  /** As where memory was short for a moment, or a class isn't in the application's jars. */
  @Test
  void a_look_that_fails_is_not_the_last() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    LongSupplier clock =
        () ->
            switch (looks.getAndIncrement()) {
              case 0 -> throw new IllegalStateException("provoked");
              case 1 -> throw new StackOverflowError("provoked");
              case 2 -> throw new NoClassDefFoundError("provoked");
              default -> 7;
            };
    Streams streams = new Streams(new Watched(() -> 1), true, clock, Duration.ofMillis(5));
    Viewer viewer = new Viewer(null);
    streams.enter(viewer);
    ByteArrayOutputStream told = new ByteArrayOutputStream();
    viewer.writeTo(
        new OutputStream() {
          @Override
          public void write(int b) {
            told.write(b);
          }

          @Override
          public void flush() {
            viewer.cut();
          }
        });
    streams.leave(viewer);
    assertThat(told.toString(UTF_8)).contains("\"now\":7");
  }
}
