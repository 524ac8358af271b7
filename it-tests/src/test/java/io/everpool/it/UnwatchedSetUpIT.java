package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Drivers that look on see what the program does, and not what sets its connections up. */
@Timeout(120)
class UnwatchedSetUpIT {

  @BeforeAll
  static void watch() {
    WrappedDriversIT.watch();
  }

  /** It may hold a secret, and no program asks for it; what initializers do in Java is seen. */
  @ParameterizedTest
  @FieldSource("io.everpool.it.WrappedDriversIT#WRAPPERS")
  void whatSetsAConnectionUpIsNotShownToTheWrapper(String wrapper) throws Exception {
    PoolConfig config =
        WrappedDriversIT.config(wrapper)
            .minSize(1)
            .maxSize(1)
            .connectionInitSql("set app.hunter2 = 'hunter3'; begin; select 'hunter4'")
            .build();
    WrappedDriversIT.SPANS.reset();
    try (LogCapture log = LogCapture.open();
        LogCapture spy = LogCapture.of("p6spy");
        Pool pool =
            Everpool.builder(config)
                .initializer(c -> Db.ask(c, "select pg_backend_pid()"))
                .open()) {
      for (int i = 0; i < 2; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(Db.ask(connection, "show app.hunter2")).isEqualTo("hunter3");
          try (Statement statement = connection.createStatement()) {
            statement.execute("discard all"); // so that it is set up once more
          }
        }
      }
      assertThat(log.alarms()).isEmpty();
      String seen =
          spy.text()
              + WrappedDriversIT.SPANS.getFinishedSpanItems().stream()
                  .map(span -> span.getAttributes().asMap().toString())
                  .toList();
      assertThat(seen).contains("pg_backend_pid").doesNotContain("hunter3", "hunter4");
      assertThat(seen.toLowerCase(Locale.ROOT)).doesNotContain("set app", "begin");
    }
  }
}
