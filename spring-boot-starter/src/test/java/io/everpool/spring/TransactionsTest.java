package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Causes;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.UndeclaredThrowableException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionManager;
import org.springframework.transaction.annotation.AnnotationTransactionAttributeSource;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.interceptor.TransactionInterceptor;
import org.springframework.transaction.support.ResourceHolderSupport;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Spring's transactions on a pool of one connection: what takes a second one never gets it. */
@Tag("contract")
@Timeout(120)
class TransactionsTest {
  private static AnnotationConfigApplicationContext context;
  private static Bank bank;
  private static JdbcTemplate jdbc;

  /** The application. */
  @Configuration
  @EnableTransactionManagement(proxyTargetClass = true)
  @ImportAutoConfiguration({
    EverpoolAutoConfiguration.class,
    PoolsAutoConfiguration.class,
    RerunAutoConfiguration.class
  })
  static class Application {

    @Bean
    JdbcTemplate jdbcTemplate(Pool pool) {
      return new JdbcTemplate(pool);
    }

    @Bean
    JdbcTransactionManager transactionManager(Pool pool) {
      return new JdbcTransactionManager(pool);
    }

    @Bean
    Bank bank(Pool pool, JdbcTemplate jdbc) {
      return new Bank(pool, jdbc);
    }
  }

  /** Runs what it is given in this transaction and that. */
  static class Bank {
    private final Pool pool;
    private final JdbcTemplate jdbc;

    Bank(Pool pool, JdbcTemplate jdbc) {
      this.pool = pool;
      this.jdbc = jdbc;
    }

    /** What may throw anything. */
    interface Body {
      void run(Pool pool, JdbcTemplate jdbc) throws Exception;
    }

    @Transactional
    public void plain(Body body) throws Exception {
      body.run(pool, jdbc);
    }

    @Transactional(isolation = Isolation.SERIALIZABLE)
    public void serializable(Body body) throws Exception {
      body.run(pool, jdbc);
    }

    @Transactional(readOnly = true)
    public void readOnly(Body body) throws Exception {
      body.run(pool, jdbc);
    }

    @Transactional(propagation = Propagation.NOT_SUPPORTED)
    public void outside(Body body) throws Exception {
      body.run(pool, jdbc);
    }

    @RerunTransaction
    @Transactional
    public void again(Body body) throws Exception {
      body.run(pool, jdbc);
    }

    /** Declares nothing. */
    @RerunTransaction
    public int stuck(AtomicInteger runs) {
      return jdbc.execute(
          (Connection connection) -> {
            runs.incrementAndGet();
            write(connection, "a");
            Boot.server()
                .terminate(pid(new JdbcTemplate(new SingleConnectionDataSource(connection, true))));
            try {
              write(connection, "b");
              return 1;
            } catch (SQLException e) {
              throw new IllegalStateException(e);
            }
          });
    }

    @RerunTransaction
    public void withoutTransaction(Body body) throws Exception {
      body.run(pool, jdbc);
    }
  }

  /** The application on a pool of that name, with one connection. */
  static AnnotationConfigApplicationContext application(String name) {
    PostgresServer server = Boot.server();
    AnnotationConfigApplicationContext made = new AnnotationConfigApplicationContext();
    made.getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test",
                Map.of(
                    "spring.datasource.url",
                    server.jdbcUrl(),
                    "spring.datasource.username",
                    server.user(),
                    "spring.datasource.password",
                    server.password(),
                    "everpool.name",
                    name,
                    "everpool.min-size",
                    "0",
                    "everpool.max-size",
                    "1",
                    "everpool.acquire-timeout",
                    "20s")));
    made.register(Application.class);
    made.refresh();
    return made;
  }

  @BeforeAll
  static void start() {
    context = application("transactions");
    bank = context.getBean(Bank.class);
    jdbc = context.getBean(JdbcTemplate.class);
    jdbc.execute("create table if not exists entry (text varchar)");
  }

  @AfterAll
  static void end() {
    context.close();
  }

  @BeforeEach
  void empty() {
    jdbc.execute("delete from entry");
  }

  private static List<String> entries() {
    return jdbc.queryForList("select text from entry order by text", String.class);
  }

  private static void write(Connection connection, String text) throws SQLException {
    try (var statement = connection.prepareStatement("insert into entry values (?)")) {
      statement.setString(1, text);
      statement.executeUpdate();
    }
  }

  private static void write(JdbcTemplate jdbc, String text) {
    jdbc.update("insert into entry values (?)", text);
  }

  private static int pid(JdbcTemplate jdbc) {
    Integer pid = jdbc.queryForObject("select pg_backend_pid()", Integer.class);
    return pid == null ? 0 : pid;
  }

  // ---- units of work within a transaction

  @Test
  void aUnitWithinATransactionIsAPartOfIt() throws Exception {
    bank.plain(
        (pool, jdbc) -> {
          write(jdbc, "a");
          pool.useTransaction(connection -> write(connection, "b"));
          pool.use(connection -> write(connection, "c"));
          assertThat(entries()).containsExactly("a", "b", "c");
        });

    assertThat(entries()).containsExactly("a", "b", "c");
  }

  @Test
  void itIsRolledBackWithTheTransaction() {
    assertThatThrownBy(
            () ->
                bank.plain(
                    (pool, jdbc) -> {
                      pool.useTransaction(connection -> write(connection, "a"));
                      throw new IllegalStateException("changed my mind");
                    }))
        .hasMessage("changed my mind");

    assertThat(entries()).isEmpty();
  }

  /** Else half of what was to be done whole or not at all would be there. */
  @Test
  void aUnitThatFailsTakesTheTransactionWithIt() {
    assertThatThrownBy(
            () ->
                bank.plain(
                    (pool, jdbc) -> {
                      try {
                        pool.useTransaction(
                            connection -> {
                              write(connection, "half");
                              throw new IOException("no");
                            });
                      } catch (IOException e) {
                        // somebody thinks that this is all
                      }
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("work was a part of it and has failed")
        .hasRootCauseMessage("no");

    assertThat(entries()).isEmpty();
  }

  @Test
  void anotherLevelOfIsolationIsRefusedInASentence() throws Exception {
    WorkOptions strict =
        WorkOptions.DEFAULT
            .withIsolation(Connection.TRANSACTION_SERIALIZABLE)
            .withLabel("transfer");
    assertThatThrownBy(
            () -> bank.plain((pool, jdbc) -> pool.useTransaction(strict, connection -> {})))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("transfer wants another level of isolation")
        .hasMessageContaining("REQUIRES_NEW");

    bank.serializable(
        (pool, jdbc) -> pool.useTransaction(strict, connection -> write(connection, "a")));
    assertThat(entries()).containsExactly("a");
  }

  @Test
  void outsideOfATransactionAUnitIsItsOwn() throws Exception {
    bank.outside((pool, jdbc) -> pool.useTransaction(connection -> write(connection, "a")));

    assertThat(entries()).containsExactly("a");
  }

  @Test
  void aReadOnlyTransactionRefusesWrites() {
    assertThatThrownBy(() -> bank.readOnly((pool, jdbc) -> write(jdbc, "a")))
        .rootCause()
        .extracting(failure -> ((SQLException) failure).getSQLState())
        .isEqualTo("25006");
  }

  // ---- what is lost

  private static boolean isOfAServerThatStops(Throwable failure) {
    return failure instanceof SQLException sql && "57P01".equals(sql.getSQLState());
  }

  /** What the rollback throws hides what the statement threw: so it has that as its cause. */
  @Test
  void theReasonOfALossStaysInSight() {
    assertThatThrownBy(
            () ->
                bank.plain(
                    (pool, jdbc) -> {
                      Boot.server().terminate(pid(jdbc));
                      write(jdbc, "a");
                    }))
        .satisfies(
            thrown ->
                assertThat(Causes.first(thrown, TransactionsTest::isOfAServerThatStops))
                    .as(() -> "none of the causes of " + thrown)
                    .isNotNull());
  }

  /** The recipe of docs/spring.md. At max-size 1 nothing else would get a connection. */
  @Test
  void jdbiWorksInSpringsTransactions() throws Exception {
    Jdbi jdbi = Jdbi.create(new TransactionAwareDataSourceProxy(context.getBean(Pool.class)));
    RuntimeException no = new IllegalStateException("no");

    bank.plain(
        (pool, template) -> {
          jdbi.useHandle(handle -> handle.execute("insert into entry values ('a')"));
          jdbi.useTransaction(handle -> handle.execute("insert into entry values ('b')"));
        });
    assertThatThrownBy(
            () ->
                bank.plain(
                    (pool, template) -> {
                      jdbi.useTransaction(
                          handle -> handle.execute("insert into entry values ('c')"));
                      throw no;
                    }))
        .isSameAs(no);

    assertThat(entries()).containsExactly("a", "b");
  }

  // ---- reruns

  @Test
  void aMarkedTransactionIsRunAgain() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    bank.again(
        (pool, jdbc) -> {
          write(jdbc, "run " + runs.incrementAndGet());
          if (runs.get() == 1) {
            Boot.server().terminate(pid(jdbc));
          }
          write(jdbc, "end");
          pool.useTransaction(connection -> write(connection, "part"));
        });

    assertThat(runs).hasValue(2);
    assertThat(entries()).containsExactly("end", "part", "run 2");
  }

  @Test
  void anUnmarkedOneIsNot() {
    AtomicInteger runs = new AtomicInteger();

    assertThatThrownBy(
            () ->
                bank.plain(
                    (pool, jdbc) -> {
                      runs.incrementAndGet();
                      Boot.server().terminate(pid(jdbc));
                      write(jdbc, "a");
                    }))
        .isInstanceOf(RuntimeException.class);

    assertThat(runs).hasValue(1);
    assertThat(entries()).isEmpty();
  }

  @Test
  void aFailureOfItsOwnIsNoReason() {
    AtomicInteger runs = new AtomicInteger();

    assertThatThrownBy(
            () ->
                bank.again(
                    (pool, jdbc) -> {
                      write(jdbc, "a");
                      runs.incrementAndGet();
                      throw new IllegalStateException("no");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no");

    assertThat(runs).hasValue(1);
    assertThat(entries()).isEmpty();
  }

  /** A COMMIT that was never sent, or was found not to have happened, doubles nothing. */
  @Test
  void aSessionThatDiesBeforeTheCommitCostsNothing() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    bank.again(
        (pool, jdbc) -> {
          write(jdbc, "a");
          if (runs.incrementAndGet() == 1) {
            Boot.server().terminate(pid(jdbc));
          }
        });

    assertThat(runs).hasValue(2);
    assertThat(entries()).containsExactly("a");
  }

  /** Spring rolls back before it lets the failure pass, and then no transaction shows the race. */
  @Test
  void aLostRaceThatTheMethodHidesIsOneAllTheSame() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    bank.again(
        (pool, jdbc) -> {
          write(jdbc, "a");
          if (runs.incrementAndGet() == 1) {
            assertThatThrownBy(() -> jdbc.execute("do $$ begin raise sqlstate '40001'; end $$"))
                .hasRootCauseInstanceOf(SQLException.class);
            throw new IllegalStateException("what the method makes of it");
          }
        });

    assertThat(runs).hasValue(2);
    assertThat(entries()).containsExactly("a");
  }

  /** Only the outermost can be run again whole. */
  @Test
  void withinATransactionItRunsOnce() {
    AtomicInteger runs = new AtomicInteger();

    assertThatThrownBy(
            () ->
                bank.plain(
                    (pool, jdbc) -> {
                      write(jdbc, "outer");
                      bank.again(
                          (same, alsoJdbc) -> {
                            runs.incrementAndGet();
                            Boot.server().terminate(pid(alsoJdbc));
                            write(alsoJdbc, "inner");
                          });
                    }))
        .isInstanceOf(RuntimeException.class);

    assertThat(runs).hasValue(1);
    assertThat(entries()).isEmpty();
  }

  /** The rules are the pool's: a write in autocommit may be there. */
  @Test
  void aWriteInAutocommitIsNeverRunAgain() {
    AtomicInteger runs = new AtomicInteger();

    assertThatThrownBy(
            () ->
                bank.withoutTransaction(
                    (pool, jdbc) -> {
                      runs.incrementAndGet();
                      write(jdbc, "a");
                      Boot.server().terminate(pid(jdbc));
                      write(jdbc, "b");
                    }))
        .isInstanceOf(Exception.class);

    assertThat(runs).hasValue(1);
    assertThat(entries()).containsExactly("a");
  }

  /** What the pool says of it is in an exception that a method may throw that declares none. */
  @Test
  void whatAMethodDoesNotDeclareIsTranslated() {
    AtomicInteger runs = new AtomicInteger();

    assertThatThrownBy(() -> bank.stuck(runs))
        .isInstanceOf(RuntimeException.class)
        .isNotInstanceOf(UndeclaredThrowableException.class);

    assertThat(runs).hasValue(1);
  }

  @Test
  void aLoanEndsWithItsClosing() throws Exception {
    SpringPool pool = context.getBean(Pool.class).unwrap(SpringPool.class);

    String result =
        pool.rerun(
            WorkOptions.DEFAULT,
            () -> {
              Connection first = pool.getConnection();
              assertThat(List.of(first)).contains(first);
              assertThat(first.isValid(60)).isTrue();
              first.close();
              first.close();
              assertThat(first.isClosed()).isTrue();
              assertThat(first.isValid(1)).isFalse();
              assertThatThrownBy(first::createStatement)
                  .isInstanceOf(SQLException.class)
                  .hasMessage("This connection is closed");
              try (Connection second = pool.getConnection()) {
                assertThat(second).isNotEqualTo(first);
                assertThat(second.hashCode()).isNotEqualTo(first.hashCode());
                assertThat(second.toString()).contains("transactions");
                assertThat(second.isClosed()).isFalse();
                return "done";
              }
            });

    assertThat(result).isEqualTo("done");
    assertThat(pool.snapshot().leased()).isZero();
  }

  /** The pool alone could clear the rest, and does when the unit ends. */
  @Test
  void whatALoanHasSetForTheSessionStaysUntilTheUnitsEnd() throws Exception {
    SpringPool pool = context.getBean(Pool.class).unwrap(SpringPool.class);

    pool.rerun(
        WorkOptions.DEFAULT,
        () -> {
          try (Connection first = pool.getConnection()) {
            first.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            first.setAutoCommit(false);
            first.setSchema("pg_catalog");
            first.commit();
          }
          try (Connection second = pool.getConnection()) {
            assertThat(second.getAutoCommit()).isTrue();
            assertThat(second.getTransactionIsolation())
                .isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
            assertThat(second.getSchema()).isEqualTo("pg_catalog");
          }
          return true;
        });

    try (Connection next = pool.getConnection()) {
      assertThat(next.getSchema()).isEqualTo("public");
    }
  }

  // ---- what must not be run again

  /** Of a unit whose connection is lost after it has written by another one, in autocommit. */
  private static int runsWithASecondConnection(
      WorkOptions options, Function<Pool, DataSource> source) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    PostgresServer server = Boot.server();
    PoolConfig config =
        PoolConfig.builder(server.jdbcUrl())
            .name("second")
            .user(server.user())
            .password(server.password())
            .build();
    try (SpringPool pool = new SpringPool(Everpool.open(config))) {
      pool.rerun(
          options,
          () -> {
            try (Connection first = pool.getConnection();
                Connection second = source.apply(pool).getConnection()) {
              write(second, "by the second");
              if (runs.incrementAndGet() == 1) {
                server.terminate(
                    pid(new JdbcTemplate(new SingleConnectionDataSource(first, true))));
              }
              first.createStatement().execute("select 1");
              return true;
            }
          });
    } catch (WriteOutcomeUnknownException told) {
      assertThat((Throwable) told).hasCauseInstanceOf(SQLException.class);
      assertThat(((SQLException) told.getCause()).getSQLState()).isEqualTo("57P01");
    }
    return runs.get();
  }

  /** What the other connection has committed would be there twice. */
  @Test
  void whoHasTakenASecondConnectionIsNotRunAgain() throws Exception {
    assertThat(runsWithASecondConnection(WorkOptions.DEFAULT, pool -> pool)).isEqualTo(1);
    assertThat(entries()).containsExactly("by the second");
  }

  /** By what they give there is no unit either. */
  @Test
  void norWhoHasTakenItFromAViewOfThePool() throws Exception {
    assertThat(runsWithASecondConnection(WorkOptions.DEFAULT, Pool::withoutCommandTimeout))
        .isEqualTo(1);
    assertThat(entries()).containsExactly("by the second");
  }

  /** What the pool has by default is not what this one has. */
  @Test
  void everythingIsAskedOfThePool() {
    Set<String> byOthers = Set.of("use", "useTransaction", "run", "inTransaction"); // with options
    assertThat(Pool.class.getDeclaredMethods())
        .filteredOn(Method::isDefault)
        .filteredOn(method -> !byOthers.contains(method.getName()))
        .isNotEmpty()
        .allSatisfy(
            method ->
                assertThat(SpringPool.class.getDeclaredMethods())
                    .extracting(Method::getName)
                    .contains(method.getName()));
  }

  @Test
  void unlessItMayBeRepeated() throws Exception {
    assertThat(runsWithASecondConnection(WorkOptions.IDEMPOTENT, pool -> pool)).isEqualTo(2);
    assertThat(entries()).containsExactly("by the second", "by the second");
  }

  /** It may have worked on another database, of which the pool knows nothing. */
  @Test
  void whoHasTakenNoConnectionIsNotRunAgain() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    SQLException conflict = new SQLException("elsewhere", "40001");

    assertThatThrownBy(
            () ->
                bank.withoutTransaction(
                    (pool, jdbc) -> {
                      runs.incrementAndGet();
                      throw conflict;
                    }))
        .isSameAs(conflict);

    assertThat(runs).hasValue(1);
  }

  /** The transaction of the method is there before the method could be run in several. */
  @Test
  void whereTheTransactionGoesAroundItIsTold() throws Exception {
    ProxyFactory proxies = new ProxyFactory(new Bank(context.getBean(Pool.class), jdbc));
    proxies.setProxyTargetClass(true);
    proxies.addAdvice(
        new TransactionInterceptor(
            (TransactionManager) context.getBean(JdbcTransactionManager.class),
            new AnnotationTransactionAttributeSource()));
    proxies.addAdvice(new Rerunning(context));
    Bank insideOut = (Bank) proxies.getProxy();

    String ofParts =
        Boot.logged(
            () -> {
              insideOut.plain((pool, jdbc) -> bank.again((same, alsoJdbc) -> {}));
              bank.again((pool, jdbc) -> bank.again((same, alsoJdbc) -> {}));
            });
    String ofInsideOut =
        Boot.logged(
            () -> {
              insideOut.again((pool, jdbc) -> write(jdbc, "a"));
              insideOut.again((pool, jdbc) -> write(jdbc, "b"));
            });

    assertThat(ofParts).doesNotContain("is not run again");
    assertThat(ofInsideOut)
        .containsOnlyOnce("its @Transactional goes around its @RerunTransaction");
    assertThat(entries()).containsExactly("a", "b");
  }

  /** Else what is told of an end would be found out at the first unit only. */
  @Test
  void theManagersOfTheApplicationAreWatched() {
    assertThat(context.getBean(JdbcTransactionManager.class).getTransactionExecutionListeners())
        .hasAtLeastOneElementOfType(TransactionWatch.class);
  }

  /** An EntityManager of the web request would be changed by each run. */
  @Test
  void withASessionFromBeforeItRunsOnceAndSaysWhatThatIs() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    Bank other = new Bank(context.getBean(Pool.class), jdbc);
    ProxyFactory proxies = new ProxyFactory(other);
    proxies.setProxyTargetClass(true);
    proxies.addAdvice(new Rerunning(context));
    Bank untold = (Bank) proxies.getProxy();
    Object session = new Object();
    Object view = new Object();
    TransactionSynchronizationManager.bindResource(session, new SessionOfAListener());
    TransactionSynchronizationManager.bindResource(view, new SessionOfAView());
    String told;
    try {
      told =
          Boot.logged(
              () -> {
                for (int i = 0; i < 2; i++) {
                  assertThatThrownBy(
                          () ->
                              untold.withoutTransaction(
                                  (pool, jdbc) -> {
                                    runs.incrementAndGet();
                                    throw new SQLException("lost a race", "40001");
                                  }))
                      .isInstanceOf(SQLException.class);
                }
              });
    } finally {
      TransactionSynchronizationManager.unbindResource(session);
      TransactionSynchronizationManager.unbindResource(view);
    }
    assertThat(runs).hasValue(2);
    assertThat(told)
        .containsOnlyOnce("is not run again")
        .contains("(TransactionsTest.SessionOfAListener, TransactionsTest.SessionOfAView)")
        .contains("@JmsListener");
  }

  /** As a container of JMS's has one. */
  private static final class SessionOfAListener extends ResourceHolderSupport {}

  /** As open-in-view leaves one. */
  private static final class SessionOfAView extends ResourceHolderSupport {}

  /** A view that is rendered later has the connection of its session still. */
  @Test
  void aLoanMayOutliveItsUnit() throws Exception {
    SpringPool pool = context.getBean(Pool.class).unwrap(SpringPool.class);

    Connection kept = pool.rerun(WorkOptions.DEFAULT, pool::getConnection);

    assertThat(kept.isValid(60)).isTrue();
    assertThat(pool.snapshot().leased()).isEqualTo(1);
    kept.close();
    assertThat(pool.snapshot().leased()).isZero();
  }
}
