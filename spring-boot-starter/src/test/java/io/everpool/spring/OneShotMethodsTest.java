package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.driver.Causes;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Sampled;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Spliterator;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.io.InputStreamResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * Methods with {@code @RerunTransaction} that are given what can be read but once, by each way to
 * call them and each way to fail: all of it is there, or the call fails as its first run did.
 */
@Sampled
@Tag("contract")
@Timeout(120)
class OneShotMethodsTest {
  private static final String LOST = "57P01";
  private static final String CONFLICT = "40001";

  private static AnnotationConfigApplicationContext context;
  private static Intake intake;
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
    Intake intake(JdbcTemplate jdbc) {
      return new Intake(jdbc);
    }
  }

  /** Takes rows in. */
  static class Intake {
    private final JdbcTemplate jdbc;

    /** What the second row meets that is written, the first time. */
    private @Nullable String fault;

    private int written;
    private int runs;

    Intake(JdbcTemplate jdbc) {
      this.jdbc = jdbc;
    }

    void meets(String state) {
      fault = state;
      written = 0;
      runs = 0;
    }

    @RerunTransaction
    @Transactional
    public void take(Object rows) throws Exception {
      write(rows);
    }

    @RerunTransaction(idempotent = true)
    @Transactional
    public void takeIdempotently(Object rows) throws Exception {
      write(rows);
    }

    @RerunTransaction
    @Transactional
    public void takeMany(int more, Object... rows) throws Exception {
      for (Object each : rows) {
        write(each);
      }
    }

    @RerunTransaction
    @Transactional(propagation = Propagation.REQUIRES_NEW)
    public void takeAnew(Object rows) throws Exception {
      write(rows);
    }

    @RerunTransaction
    @Transactional
    public void within(Work work) throws Exception {
      work.run();
    }

    private void write(Object rows) throws Exception {
      runs++;
      for (int each : read(rows)) {
        String met = fault;
        if (++written == 2 && met != null) {
          fault = null;
          if (met.equals(LOST)) {
            Integer pid = jdbc.queryForObject("select pg_backend_pid()", Integer.class);
            Boot.server().terminate(pid == null ? 0 : pid);
          } else {
            jdbc.execute("do $$ begin raise sqlstate '" + met + "'; end $$");
          }
        }
        jdbc.update("insert into intake values (?)", each);
      }
    }
  }

  /** What may throw anything. */
  interface Work {
    void run() throws Exception;
  }

  /** Gives rows to the intake. */
  interface Way {
    void give(Supplier<Object> rows) throws Exception;
  }

  /** How rows come to it. */
  enum By {
    CALL(rows -> intake.take(rows.get())),
    IDEMPOTENT(rows -> intake.takeIdempotently(rows.get())),
    MANY(rows -> intake.takeMany(1, rows.get())),
    PART_OF_ANOTHER(rows -> intake.within(() -> intake.take(rows.get()))),
    PART_OF_A_PART(rows -> intake.within(() -> intake.within(() -> intake.take(rows.get())))),
    UNIT_OF_THE_POOL(rows -> pool().useTransaction(connection -> intake.take(rows.get()))),
    READING_UNIT_OF_THE_POOL(rows -> pool().use(connection -> intake.takeIdempotently(rows.get()))),
    OF_ITS_OWN(rows -> intake.within(() -> intake.takeAnew(rows.get())));

    private final Way way;

    By(Way way) {
      this.way = way;
    }

    /** Whether a unit around it is run again; of a loss on another connection none is. */
    boolean isRunAgainAround(String state) {
      return this == PART_OF_ANOTHER
          || this == PART_OF_A_PART
          || (this == UNIT_OF_THE_POOL && state.equals(CONFLICT));
    }
  }

  /** What can be read but once. */
  enum Kind {
    ITERATOR(() -> List.of(1, 2, 3).iterator()),
    ENUMERATION(() -> Collections.enumeration(List.of(1, 2, 3))),
    SPLITERATOR(() -> List.of(1, 2, 3).spliterator()),
    STREAM(() -> Stream.of(1, 2, 3)),
    BYTES(() -> new ByteArrayInputStream(new byte[] {1, 2, 3})),
    READER(() -> new StringReader("\1\2\3")),
    CHANNEL(() -> Channels.newChannel(new ByteArrayInputStream(new byte[] {1, 2, 3}))),
    RESOURCE(() -> new InputStreamResource(new ByteArrayInputStream(new byte[] {1, 2, 3}), "rows")),
    IN_A_LIST(() -> List.of(List.of(1, 2, 3).iterator())),
    IN_A_MAP(() -> Map.of("rows", List.of(1, 2, 3).iterator())),
    IN_AN_OPTIONAL(() -> Optional.of(List.of(1, 2, 3).iterator())),
    IN_AN_ARRAY(() -> new Object[] {List.of(1, 2, 3).iterator()});

    private final Supplier<Object> made;

    Kind(Supplier<Object> made) {
      this.made = made;
    }
  }

  /** All that is in there still. */
  private static List<Integer> read(Object rows) throws Exception {
    List<Integer> read = new ArrayList<>();
    if (rows instanceof Integer row) {
      read.add(row);
    } else if (rows instanceof Iterator<?> iterator) {
      iterator.forEachRemaining(each -> read.add((Integer) each));
    } else if (rows instanceof Enumeration<?> enumeration) {
      enumeration.asIterator().forEachRemaining(each -> read.add((Integer) each));
    } else if (rows instanceof Spliterator<?> spliterator) {
      spliterator.forEachRemaining(each -> read.add((Integer) each));
    } else if (rows instanceof Stream<?> stream) {
      stream.forEach(each -> read.add((Integer) each));
    } else if (rows instanceof InputStream stream) {
      for (byte each : stream.readAllBytes()) {
        read.add((int) each);
      }
    } else if (rows instanceof InputStreamResource resource) {
      read.addAll(read(resource.getInputStream()));
    } else if (rows instanceof Reader reader) {
      for (int each = reader.read(); each >= 0; each = reader.read()) {
        read.add(each);
      }
    } else if (rows instanceof ReadableByteChannel channel) {
      ByteBuffer bytes = ByteBuffer.allocate(10);
      channel.read(bytes);
      for (bytes.flip(); bytes.hasRemaining(); ) {
        read.add((int) bytes.get());
      }
    } else if (rows instanceof Optional<?> optional) {
      read.addAll(read(optional.orElseThrow()));
    } else {
      Iterable<?> all =
          rows instanceof Map<?, ?> map
              ? map.values()
              : rows instanceof Object[] array ? List.of(array) : (List<?>) rows;
      for (Object each : all) {
        read.addAll(read(each));
      }
    }
    return read;
  }

  @BeforeAll
  static void start() {
    PostgresServer server = Boot.server();
    context = new AnnotationConfigApplicationContext();
    context
        .getEnvironment()
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
                    "intake",
                    "everpool.min-size",
                    "0",
                    "everpool.max-size",
                    "3")));
    context.register(Application.class);
    context.refresh();
    intake = context.getBean(Intake.class);
    jdbc = context.getBean(JdbcTemplate.class);
    jdbc.execute("create table if not exists intake (id int)");
  }

  @AfterAll
  static void end() {
    context.close();
  }

  @BeforeEach
  void empty() {
    jdbc.execute("delete from intake");
  }

  private static Pool pool() {
    return context.getBean(Pool.class);
  }

  private static List<Integer> rows() {
    return jdbc.queryForList("select id from intake order by id", Integer.class);
  }

  private static boolean has(@Nullable Throwable thrown, String state) {
    return thrown != null
        && Causes.first(
                thrown, at -> at instanceof SQLException sql && state.equals(sql.getSQLState()))
            != null;
  }

  private static Intake target() {
    return (Intake) Objects.requireNonNull(AopProxyUtils.getSingletonTarget(intake));
  }

  static Stream<Arguments> each() {
    List<Arguments> all = new ArrayList<>();
    for (By by : By.values()) {
      for (Kind kind : Kind.values()) {
        all.add(Arguments.of(by, kind, LOST));
        all.add(Arguments.of(by, kind, CONFLICT));
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("each")
  void nothingIsReadOnInASecondRun(By by, Kind kind, String state) {
    target().meets(state);
    Object rows = kind.made.get();

    Throwable thrown = catchThrowable(() -> by.way.give(() -> rows));

    assertThat(has(thrown, state)).as("%s", thrown).isTrue();
    assertThat(rows()).isEmpty();
    assertThat(target().runs).isEqualTo(1);
  }

  static Stream<Arguments> within() {
    return each().filter(each -> ((By) each.get()[0]).isRunAgainAround((String) each.get()[2]));
  }

  /** What is around it is run again, and it is given what that makes anew. */
  @ParameterizedTest
  @MethodSource("within")
  void whatEachRunMakesIsThereWhole(By by, Kind kind, String state) throws Exception {
    target().meets(state);

    by.way.give(kind.made);

    assertThat(rows()).containsExactly(1, 2, 3);
  }

  static Stream<Arguments> outermost() {
    return Stream.of(By.CALL, By.IDEMPOTENT, By.MANY)
        .flatMap(by -> Stream.of(Arguments.of(by, LOST), Arguments.of(by, CONFLICT)));
  }

  /** As ever. */
  @ParameterizedTest
  @MethodSource("outermost")
  void whatCanBeReadAgainIs(By by, String state) throws Exception {
    target().meets(state);
    Object rows = List.of(1, 2, 3);

    by.way.give(() -> rows);

    assertThat(rows()).containsExactly(1, 2, 3);
    assertThat(target().runs).isEqualTo(2);
  }

  /** The reason is said where it is said of other units. */
  @ParameterizedTest
  @MethodSource("outermost")
  void theFailureSaysWhy(By by, String state) {
    target().meets(state);
    Iterator<Integer> rows = List.of(1, 2, 3).iterator();

    Throwable thrown = catchThrowable(() -> by.way.give(() -> rows));

    assertThat(Stream.of(thrown.getSuppressed()).map(Throwable::getMessage))
        .anyMatch(note -> note.contains("can be read only once"));
  }
}
