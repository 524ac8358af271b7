package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Credentials;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.core.jdbc.FakeConnector;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A pool that can't be opened closes each connector that it was given once, whatever the cause. */
class ConnectorsOfRefusedPoolsTest {
  private static final class Counted extends FakeConnector {
    final AtomicInteger closed = new AtomicInteger();
    private final boolean fails;

    Counted(boolean fails) {
      this.fails = fails;
    }

    @Override
    public boolean hasOtherHosts() {
      if (fails) {
        throw new IllegalStateException("a mistake of the adapter's");
      }
      return false;
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  /** What keeps the pool from being opened. */
  enum Cause {
    PASSWORD_BESIDE_PROVIDER(
        c -> c.password("secret"), InvalidPoolConfigException.class, false, false),
    NAME_TOO_LONG_FOR_READERS(
        c -> c.name("n".repeat(longest())), InvalidPoolConfigException.class, false, false),
    WRITER_FAILS(c -> {}, IllegalStateException.class, true, false),
    READER_FAILS(c -> {}, IllegalStateException.class, false, true);

    private final Consumer<PoolConfig.Builder> settings;
    private final Class<? extends Exception> thrown;
    private final boolean writerFails;
    private final boolean readerFails;

    Cause(
        Consumer<PoolConfig.Builder> settings,
        Class<? extends Exception> thrown,
        boolean writerFails,
        boolean readerFails) {
      this.settings = settings;
      this.thrown = thrown;
      this.writerFails = writerFails;
      this.readerFails = readerFails;
    }

    /** The length of the longest name that a pool may have. */
    private static int longest() {
      int length = 1;
      while (isName("n".repeat(length + 1))) {
        length++;
      }
      return length;
    }

    private static boolean isName(String name) {
      try {
        PoolConfig.builder("fake:").name(name).build();
        return true;
      } catch (InvalidPoolConfigException e) {
        return false;
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Cause.class)
  void they_are_closed(Cause cause) {
    Counted writer = new Counted(cause.writerFails);
    Counted reader = new Counted(cause.readerFails);
    Counted unused = new Counted(false);
    PoolConfig.Builder config = PoolConfig.builder("fake:").minSize(0).failFast(false);
    cause.settings.accept(config);
    Everpool.Builder builder =
        Everpool.builder(config.build())
            .connector(writer)
            .reader(reader)
            .reader(unused)
            .credentials(() -> Credentials.of("user", "password"));
    assertThat(catchThrowable(builder::open)).isInstanceOf(cause.thrown);
    assertThat(List.of(writer.closed.get(), reader.closed.get(), unused.closed.get()))
        .containsExactly(1, 1, 1);
  }
}
