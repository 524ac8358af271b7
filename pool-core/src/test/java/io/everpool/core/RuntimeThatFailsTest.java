package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pool that can't even have its share of the machine closes what it was given. */
class RuntimeThatFailsTest {
  /** Has classes of pool-core's for itself, but for one, which it says isn't there. */
  private static final class Without extends ClassLoader {
    private static final String OWN = "io.everpool.core.";

    private final String missing;

    Without(String missing) {
      super(RuntimeThatFailsTest.class.getClassLoader());
      this.missing = missing;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(OWN)) {
        return super.loadClass(name, resolve);
      }
      if (name.equals(missing)) {
        throw new ClassNotFoundException(name);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        return known == null ? define(name) : known;
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  private final List<String> calls = new ArrayList<>();

  private Connector connector(String name) {
    return (Connector)
        Proxy.newProxyInstance(
            Connector.class.getClassLoader(),
            new Class<?>[] {Connector.class},
            (self, method, arguments) -> {
              calls.add(name + "." + method.getName());
              return null;
            });
  }

  private Throwable open(String missing, int readers) throws ReflectiveOperationException {
    PoolConfig config = PoolConfig.builder("fake:").minSize(0).failFast(false).build();
    Class<?> everpool = new Without(missing).loadClass(Everpool.class.getName());
    Object builder = everpool.getMethod("builder", PoolConfig.class).invoke(null, config);
    Class<?> type = builder.getClass();
    type.getMethod("connector", Connector.class).invoke(builder, connector("writer"));
    for (int i = 1; i <= readers; i++) {
      type.getMethod("reader", Connector.class).invoke(builder, connector("reader" + i));
    }
    try {
      type.getMethod("open").invoke(builder);
      throw new AssertionError("it has opened without " + missing);
    } catch (InvocationTargetException e) {
      return e.getCause();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PoolWorkers", "UpkeepThread$Schedule"})
  void its_connector_is_closed_once(String missing) throws ReflectiveOperationException {
    assertThat(open("io.everpool.core.runtime." + missing, 0))
        .isInstanceOf(NoClassDefFoundError.class);
    assertThat(calls).containsExactly("writer.close");
  }

  @Test
  void so_are_those_of_its_readers() throws ReflectiveOperationException {
    assertThat(open("io.everpool.core.runtime.PoolWorkers", 2))
        .isInstanceOf(NoClassDefFoundError.class);
    assertThat(calls).containsExactlyInAnyOrder("writer.close", "reader1.close", "reader2.close");
  }
}
