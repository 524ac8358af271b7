package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A loan that was closed does nothing any more, though its unit's connection is open. */
@Timeout(60)
class ClosedLoanTest {
  /** The methods that JDBC wants to be answered on a closed connection. */
  private static final Set<String> ANSWERING = Set.of("close", "abort", "isClosed", "isValid");

  @Test
  void everyMethodSaysSoInAnExceptionThatItDeclares() throws Exception {
    try (SpringPool pool =
        new SpringPool(Everpool.open(PoolConfig.builder(Boot.h2("closed-loan")).build()))) {
      pool.rerun(
          WorkOptions.DEFAULT,
          () -> {
            Connection connection = pool.getConnection();
            connection.close();
            for (Method method : Connection.class.getMethods()) {
              if (!ANSWERING.contains(method.getName())
                  && !Modifier.isStatic(method.getModifiers())) {
                requireClosed(connection, method);
              }
            }
            connection.close();
            connection.abort(Runnable::run);
            assertThat(connection.isClosed()).isTrue();
            assertThat(connection.isValid(1)).isFalse();
            try (Connection next = pool.getConnection()) {
              assertThat(next.isValid(60)).isTrue();
            }
            return true;
          });
    }
  }

  private static void requireClosed(Connection connection, Method method) {
    Object[] arguments =
        Arrays.stream(method.getParameterTypes()).map(ClosedLoanTest::any).toArray();
    assertThatThrownBy(() -> method.invoke(connection, arguments))
        .as(method.toString())
        .cause()
        .isInstanceOfAny(method.getExceptionTypes())
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
  }

  private static @Nullable Object any(Class<?> type) {
    return type == boolean.class ? (Object) true : type == int.class ? (Object) 1 : null;
  }
}
