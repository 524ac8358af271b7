package io.everpool.core.jdbc;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A driver without a database. Remembers what it was asked and what was set, answers anything with
 * something, knows its transactions, and fails when told to.
 */
public final class FakeDriver {

  /** What only this driver's connections can do. */
  public interface Vendor {
    String vendorsOwn();
  }

  /** What was called on any of its objects, such as {@code setReadOnly(true)}. */
  public final List<String> calls = Collections.synchronizedList(new ArrayList<>());

  /** What its connections say of commits. */
  public final FakeCommits commits = new FakeCommits();

  /** The tables, of one column and no structure. */
  public final FakeDatabase database = new FakeDatabase();

  private final Map<String, Deque<Throwable>> failures = new ConcurrentHashMap<>();

  private final Map<String, Runnable> meanwhile = new ConcurrentHashMap<>();

  /** Has this happen during the next call of this name. */
  public void during(String method, Runnable happens) {
    meanwhile.put(method, happens);
  }

  /** Has the next call of this name fail. */
  public void failNext(String method, Throwable failure) {
    failures.computeIfAbsent(method, m -> new ArrayDeque<>()).add(failure);
  }

  /** Has the next call of this name fail as when the connection breaks. */
  public SQLException breakNext(String method) {
    SQLException failure = new SQLException("broken off at " + method, "08006");
    failNext(method, failure);
    return failure;
  }

  /** What was given to any method, the elements of arrays one by one. */
  public final List<Object> arguments = Collections.synchronizedList(new ArrayList<>());

  /** Whether it gives out streams that note each use among the calls; else none. */
  public boolean streams;

  /** What its streams throw at each use. */
  public @Nullable Throwable streamFailure;

  private int used(String how) throws IOException {
    calls.add(how);
    if (streamFailure instanceof IOException failure) {
      throw failure;
    }
    if (streamFailure instanceof RuntimeException failure) {
      throw failure;
    }
    if (streamFailure instanceof Error failure) {
      throw failure;
    }
    return -1;
  }

  /** A stream of such a type that fetches or sends whenever it is used; null for other types. */
  @Nullable Object stream(Class<?> type) {
    if (!streams) {
      return null;
    }
    if (type == InputStream.class) {
      return new InputStream() {
        @Override
        public int read() throws IOException {
          return used("read from the server");
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
          return read();
        }

        @Override
        public int available() throws IOException {
          return Math.max(0, read());
        }

        @Override
        public boolean markSupported() {
          return true;
        }

        @Override
        public synchronized void mark(int limit) {
          try {
            used("marked on the server");
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }

        @Override
        public void close() throws IOException {
          if (streamFailure != null) {
            used("closed on the server");
          }
        }
      };
    }
    if (type == OutputStream.class) {
      return new OutputStream() {
        @Override
        public void write(int value) throws IOException {
          used("sent to the server");
        }

        @Override
        public void flush() throws IOException {
          used("sent to the server");
        }
      };
    }
    if (type == Reader.class) {
      return new InputStreamReader(
          (InputStream) Objects.requireNonNull(stream(InputStream.class)), StandardCharsets.UTF_8);
    }
    return type == Writer.class
        ? new OutputStreamWriter(
            (OutputStream) Objects.requireNonNull(stream(OutputStream.class)),
            StandardCharsets.UTF_8)
        : null;
  }

  /** How often a connection was told to forget its plans. */
  public int plansForgotten;

  /** Whether its sessions are others' between transactions, and what it began; each such call. */
  public boolean shared;

  public final List<String> begun = new ArrayList<>();

  /** Statements in autocommit though a level of isolation was set. */
  public int alone;

  /** Whether its servers can be told to refuse writes. */
  public boolean canRefuseWrites;

  /** Whether {@code setReadOnly} is a hint in transactions, too. */
  public boolean takesReadOnlyAsAHint;

  /** What they were told, in order, each at the cost of a round trip. */
  public final List<Boolean> writesRefused = new ArrayList<>();

  /** Whether client info and a type map are added to what is there. */
  public boolean adds;

  /** Whether it takes no empty client info, as others take no null. */
  public boolean keepsInfo;

  /** Opens a connection. */
  public FakePhysical open() {
    return new FakePhysical(this, new Fake(this, null, Connection.class, ""));
  }

  void called(Method method, @Nullable Object @Nullable [] args) throws Throwable {
    String text =
        args == null
            ? ""
            : Arrays.stream(args).map(String::valueOf).collect(Collectors.joining(", "));
    calls.add(method.getName() + "(" + text + ")");
    if (args != null) {
      for (Object arg : args) {
        Stream.of(arg instanceof Object[] several ? several : new Object[] {arg})
            .filter(Objects::nonNull)
            .forEach(arguments::add);
      }
    }
    Runnable happens = meanwhile.remove(method.getName());
    if (happens != null) {
      happens.run();
    }
    Deque<Throwable> due = failures.get(method.getName());
    Throwable failure = due == null ? null : due.poll();
    if (failure != null) {
      throw failure;
    }
  }

  /** Whether an object comes from this driver as it is, without a face. */
  public static boolean bare(@Nullable Object object) {
    return object != null && Proxy.isProxyClass(object.getClass());
  }

  /** Something for each type, so that any method can be called and can answer. */
  static @Nullable Object some(Class<?> type) {
    if (type == boolean.class) {
      return false;
    }
    if (type.isPrimitive() && type != void.class) {
      return Array.get(Array.newInstance(type, 1), 0);
    }
    if (type == String.class) {
      return "text";
    }
    if (type.isArray()) {
      return Array.newInstance(type.getComponentType(), 0);
    }
    return null;
  }
}
