package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * What others are told of the runs of a method with {@code @RerunTransaction}: as docs/spring.md
 * says.
 */
@Tag("contract")
@Timeout(120)
class EachRunTest {

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theTransactionOfEachRunIsCompleted(boolean lost) throws Exception {
    List<Integer> ends = new ArrayList<>();
    try (AnnotationConfigApplicationContext context = TransactionsTest.application("each-run")) {
      context
          .getBean(TransactionsTest.Bank.class)
          .again(
              (pool, jdbc) -> {
                TransactionSynchronizationManager.registerSynchronization(
                    new TransactionSynchronization() {
                      @Override
                      public void afterCompletion(int status) {
                        ends.add(status);
                      }
                    });
                jdbc.execute("select 1");
                if (ends.isEmpty()) {
                  fail(jdbc, lost);
                }
              });
    }

    assertThat(ends)
        .containsExactly(
            lost
                ? TransactionSynchronization.STATUS_UNKNOWN
                : TransactionSynchronization.STATUS_ROLLED_BACK,
            TransactionSynchronization.STATUS_COMMITTED);
  }

  private static void fail(JdbcTemplate jdbc, boolean lost) {
    if (lost) {
      Integer pid = jdbc.queryForObject("select pg_backend_pid()", Integer.class);
      Boot.server().terminate(pid == null ? 0 : pid);
      jdbc.execute("select 1");
    } else {
      jdbc.execute("do $$ begin raise sqlstate '40001'; end $$");
    }
  }

  @Test
  void anInterceptorIsAskedOnceForAllTransactionsOfARun() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    AtomicInteger runs = new AtomicInteger();
    PostgresServer server = Boot.server();
    PoolConfig config =
        PoolConfig.builder(server.jdbcUrl())
            .name("asked")
            .user(server.user())
            .password(server.password())
            .maxSize(1)
            .build();
    LeaseInterceptor counting =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) {
            asked.incrementAndGet();
          }
        };
    try (SpringPool pool = new SpringPool(Everpool.builder(config).interceptor(counting).open())) {
      pool.rerun(
          WorkOptions.IDEMPOTENT,
          () -> {
            runs.incrementAndGet();
            for (int i = 0; i < 3; i++) {
              try (Connection loan = pool.getConnection()) {
                loan.createStatement().execute("select 1");
              }
            }
            assertThat(asked.get()).isBetween(1, runs.get()); // again where anything was to clear
            if (runs.get() == 1) {
              throw new SQLException("lost a race", "40001");
            }
            return true;
          });
    }

    assertThat(runs).hasValue(2);
    assertThat(asked.get()).isBetween(1, 2);
  }
}
