package io.everpool.postgresql.socket;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

class TappedSslSocketTest {

  /** What isn't forwarded would ask a socket that was never connected. */
  @Test
  void everyMethodOfATlsSocketIsForwarded() {
    assertThat(
            Arrays.stream(SSLSocket.class.getMethods())
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(method -> method.getDeclaringClass() != Object.class)
                .filter(method -> !Modifier.isFinal(method.getModifiers()))
                .filter(method -> !overridden(method)))
        .isEmpty();
  }

  private static boolean overridden(Method method) {
    try {
      return TappedSslSocket.class
              .getMethod(method.getName(), method.getParameterTypes())
              .getDeclaringClass()
              .getPackage()
          == TappedSslSocket.class.getPackage();
    } catch (NoSuchMethodException e) {
      return false;
    }
  }
}
