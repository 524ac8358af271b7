package io.everpool.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import com.p6spy.engine.spy.P6DataSource;
import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.UnitListener;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.postgresql.doctor.Doctor;
import io.everpool.postgresql.doctor.Report;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.Sampled;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;
import io.opentelemetry.instrumentation.jdbc.OpenTelemetryDriver;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.QueryCountHolder;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Drivers that stand between the pool and pgjdbc and look on: the pool is the same as without them,
 * and they see what the program does. A DataSource hides what it leads to, and that is told.
 */
@Sampled
@Timeout(120)
class WrappedDriversIT {
  static final InMemorySpanExporter SPANS = InMemorySpanExporter.create();

  /** What stands before {@code postgresql:} in the URL. */
  static final List<String> WRAPPERS = List.of("p6spy:", "otel:", "otel:p6spy:");

  private static final OpenTelemetrySdk TELEMETRY =
      OpenTelemetrySdk.builder()
          .setTracerProvider(
              SdkTracerProvider.builder()
                  .addSpanProcessor(SimpleSpanProcessor.create(SPANS))
                  .build())
          .build();

  @BeforeAll
  static void watch() {
    OpenTelemetryDriver.install(TELEMETRY);
  }

  static PoolConfig.Builder config(String wrapper) {
    String url = Db.server().jdbcUrl().replace("jdbc:", "jdbc:" + wrapper);
    return Db.config("wrapped-" + wrapper.replace(":", ""), url);
  }

  @ParameterizedTest
  @FieldSource("WRAPPERS")
  void theAdapterServesItAndTheWrapperSeesTheProgramsStatements(String wrapper) throws Exception {
    try (LogCapture log = LogCapture.open();
        LogCapture spy = LogCapture.of("p6spy");
        Pool pool = Everpool.open(config(wrapper).build())) {
      SPANS.reset();
      try (Connection connection = pool.getConnection()) {
        assertThat(connection.unwrap(PGConnection.class).getBackendPID())
            .isEqualTo(Db.pid(connection));
        assertThat(Db.ask(connection, "select 'seen'")).isEqualTo("seen");
      }
      assertThat(log.lines(Level.INFO, "Successfully created persistent PostgreSQL")).hasSize(1);
      assertThat(log.alarms()).isEmpty();
      boolean spied = wrapper.contains("p6spy");
      assertThat(spy.lines(Level.INFO, "select 'seen'")).hasSize(spied ? 1 : 0);
      assertThat(SPANS.getFinishedSpanItems())
          .filteredOn(
              span -> span.getAttributes().asMap().values().toString().contains("pg_backend_pid"))
          .hasSize(wrapper.contains("otel") ? 1 : 0);
      // what the pool asks for itself is nobody's statement
      assertThat(spy.text()).doesNotContain("pg_catalog").doesNotContain("everpool ");
    }
    Report report = Doctor.examine(config(wrapper).build());
    assertThat(report.works()).as(report.toString()).isTrue();
  }

  @ParameterizedTest
  @FieldSource("WRAPPERS")
  void killedBackendsAreLostOnesAndNobodyIsLentThem(String wrapper) throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config(wrapper).minSize(3).maxSize(3).build())) {
      Db.awaitIdle(pool, 3);
      try (Connection held = pool.getConnection()) {
        assertThat(Db.server().terminateAll(pool.name())).isEqualTo(3);
        Throwable failure = catchThrowable(() -> Db.ask(held, "select 1"));
        assertThat(Db.sqlStates(failure)).contains("57P01");
      }
      for (int i = 0; i < 5; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(Db.ask(connection, "select 'alive'")).isEqualTo("alive");
        }
      }
      // more than three have gone where a new one was opened before the fence fell
      Await.until(
          Db.LIMIT,
          () -> pool.snapshot().closedTotal() >= 3 && pool.snapshot().idle() == 3,
          () -> "three new ones: " + pool.snapshot());
      Map<CloseReason, Long> closed = pool.snapshot().closed();
      assertThat(closed.get(CloseReason.FAILED)).as(log.text()).isEqualTo(1);
      assertThat(closed.keySet()) // by whoever comes first: the fence, or the look at each
          .containsAnyOf(CloseReason.FENCED, CloseReason.FOUND_DEAD)
          .isSubsetOf(CloseReason.FAILED, CloseReason.FENCED, CloseReason.FOUND_DEAD);
      assertThat(log.lines(Level.WARN, "failed in use (SERVER_DOWN)")).hasSize(1);
    }
  }

  @ParameterizedTest
  @FieldSource("WRAPPERS")
  void aUnitIsRunAgain(String wrapper) throws Exception {
    Db.server().execute("drop table if exists wrapped_units");
    Db.server().execute("create table wrapped_units (x int); grant all on wrapped_units to public");
    List<Integer> sessions = new ArrayList<>();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config(wrapper).build())) {
      int rows =
          pool.<Integer, SQLException>inTransaction(
              connection -> {
                sessions.add(Db.pid(connection));
                try (Statement statement = connection.createStatement()) {
                  int written = statement.executeUpdate("insert into wrapped_units values (1)");
                  if (sessions.size() == 1) {
                    Db.server().terminate(sessions.get(0));
                  }
                  return written;
                }
              });
      assertThat(rows).isEqualTo(1);
      assertThat(sessions).hasSize(2).doesNotHaveDuplicates();
      assertThat(Db.server().ask("select count(*) from wrapped_units")).isEqualTo("1");
      assertThat(pool.snapshot().retries()).as(log.text()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @FieldSource("WRAPPERS")
  void aCommitWithoutAnAnswerIsLookedUp(String wrapper) throws Exception {
    Db.server().execute("drop table if exists wrapped_commits");
    Db.server()
        .execute("create table wrapped_commits (x int); grant all on wrapped_commits to public");
    try (FaultProxy proxy = FaultProxy.before(Db.server())) {
      String place = proxy.host() + ":" + proxy.port() + "/" + Db.server().database();
      String url = "jdbc:" + wrapper + "postgresql://" + place;
      try (LogCapture log = LogCapture.open();
          Pool pool = Everpool.open(Db.config("wrapped-commits", url).build())) {
        proxy.cutReplyTo("COMMIT", FaultProxy.Cut.FIN);
        int rows =
            pool.<Integer, SQLException>inTransaction(
                connection -> {
                  try (Statement statement = connection.createStatement()) {
                    return statement.executeUpdate("insert into wrapped_commits values (1)");
                  }
                });
        assertThat(rows).as(log.text()).isEqualTo(1);
        assertThat(proxy.cutPending()).isFalse();
        assertThat(Db.server().ask("select count(*) from wrapped_commits")).isEqualTo("1");
        assertThat(pool.snapshot().retries()).isZero();
      }
    }
  }

  @ParameterizedTest
  @FieldSource("WRAPPERS")
  void whatABorrowerLeavesIsNobodyElses(String wrapper) throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config(wrapper).minSize(1).maxSize(1).build())) {
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("create temporary table left_by_one (x int)");
        statement.execute("set search_path to pg_catalog");
        statement.execute("begin");
      }
      assertThat(log.lines(Level.WARN, "came back with an open transaction")).hasSize(1);
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "show search_path")).isEqualTo("\"$user\", public");
        assertThat(Db.ask(connection, "select to_regclass('pg_temp.left_by_one')"))
            .isEqualTo("null");
        try (Statement statement = connection.createStatement()) {
          statement.execute("create temporary table copied (x int)");
        }
        CopyIn copy =
            connection.unwrap(PGConnection.class).getCopyAPI().copyIn("copy copied from stdin");
        copy.writeToCopy("1\n".getBytes(UTF_8), 0, 2);
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select 'next'")).isEqualTo("next");
      }
    }
  }

  @ParameterizedTest
  @FieldSource("WRAPPERS")
  void aStatementThatRunsAtTheEndIsEndedOnTheServer(String wrapper) throws Exception {
    Pool pool = Everpool.open(config(wrapper).drainTimeout(Duration.ZERO).build());
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread busy =
        new Thread(
            () -> {
              try (Connection connection = pool.getConnection()) {
                Db.ask(connection, "select pg_sleep(3600)");
              } catch (Throwable e) {
                failure.set(e);
              }
            });
    busy.start();
    try {
      Await.until(
          Db.LIMIT,
          () ->
              Db.server()
                  .ask(
                      "select count(*) from pg_stat_activity where query like '%pg_sleep(3600)'"
                          + " and application_name = '"
                          + pool.name()
                          + "'")
                  .equals("1"),
          "the statement to run");
    } finally {
      pool.close();
    }
    busy.join();
    assertThat(failure.get()).isInstanceOf(SQLException.class);
    Db.awaitSessions(pool, 0);
  }

  @ParameterizedTest
  @FieldSource("WRAPPERS")
  void aWrongPasswordIsToldAndNotShown(String wrapper) throws Exception {
    String secret = "wr0ng-and-secret";
    try (LogCapture log = LogCapture.open();
        LogCapture spy = LogCapture.of("p6spy")) {
      PoolConfig separate = config(wrapper).password(secret).build();
      String url = separate.url() + "?user=" + Db.server().user() + "&password=" + secret;
      PoolConfig inUrl = PoolConfig.builder(url).name(separate.name()).build();
      for (PoolConfig config : List.of(separate, inUrl)) {
        Throwable failure = catchThrowable(() -> Everpool.open(config));
        assertThat(Db.sqlStates(failure)).contains("28P01");
        assertThat(log.text() + spy.text() + WrongPasswordIT.textOf(failure) + config)
            .contains("password authentication failed")
            .doesNotContain(secret);
      }
    }
  }

  /** A tracer without Micrometer. */
  private static final class UnitSpans implements UnitListener {
    private final Tracer tracer;

    UnitSpans(Tracer tracer) {
      this.tracer = tracer;
    }

    @Override
    public void onEvent(PoolEvent event) {}

    @Override
    @SuppressWarnings("MustBeClosedChecker") // when the unit has ended
    public Watch unitBegins(String pool, Kind kind, WorkOptions options) {
      Span span = tracer.spanBuilder(kind + " " + options.label()).startSpan();
      Scope scope = span.makeCurrent();
      return failure -> {
        scope.close();
        span.end();
      };
    }
  }

  @Test
  void whatADriverSeesLiesWithinTheUnitThatDoesIt() throws Exception {
    PoolConfig config = config("otel:").build();
    try (Pool pool =
        Everpool.builder(config).listener(new UnitSpans(TELEMETRY.getTracer("test"))).open()) {
      SPANS.reset();
      WorkOptions ours = WorkOptions.DEFAULT.withLabel("ours");
      pool.<String, SQLException>inTransaction(ours, c -> Db.ask(c, "select 'by the pool'"));
      EverpoolJdbi.create(pool)
          .useTransaction(handle -> handle.execute("select 'by Jdbi', pg_backend_pid()"));
    }
    assertThat(around("select ?")).containsExactly("TRANSACTION ours");
    // a handle's callback is a unit, and its transaction is one within it
    assertThat(around("select ?, pg_backend_pid()"))
        .containsExactly("ON_CONNECTION transaction", "ON_CONNECTION handle");
  }

  /** The names of the spans around that of a statement, from the innermost. */
  private static List<String> around(String statement) {
    Map<String, SpanData> all =
        SPANS.getFinishedSpanItems().stream().collect(toMap(SpanData::getSpanId, span -> span));
    SpanData own =
        all.values().stream()
            .filter(span -> span.getAttributes().asMap().containsValue(statement))
            .findFirst()
            .orElseThrow(() -> new AssertionError(statement + " in " + all.values()));
    List<String> names = new ArrayList<>();
    for (SpanData at = all.get(own.getParentSpanId());
        at != null;
        at = all.get(at.getParentSpanId())) {
      names.add(at.getName());
    }
    return names;
  }

  private static PGSimpleDataSource pgjdbc() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setURL(Db.server().jdbcUrl());
    source.setUser(Db.server().user());
    source.setPassword(Db.server().password());
    return source;
  }

  static Stream<Arguments> dataSources() {
    DataSource proxy = ProxyDataSourceBuilder.create(pgjdbc()).countQuery().build();
    return Stream.of(
        Arguments.of("ProxyDataSource", proxy),
        Arguments.of("P6DataSource", new P6DataSource(pgjdbc())),
        Arguments.of("PGSimpleDataSource", pgjdbc()));
  }

  /** However many connections there are. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("dataSources")
  void whatADataSourceHidesIsToldOnce(String name, DataSource source) throws Exception {
    PoolConfig config = PoolConfig.builder("jdbc:any:thing").name("hidden").minSize(3).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.builder(config).dataSource(source).open()) {
      Db.awaitIdle(pool, 3);
      assertThat(log.alarms())
          .singleElement()
          .asString()
          .startsWith("Pool hidden: PostgreSQL is served without its adapter")
          .contains("(" + name + ")", "put a proxy around the pool");
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select 'served'")).isEqualTo("served");
      }
    }
  }

  /** What the warning advises. */
  @Test
  void aProxyAroundThePoolHidesNothing() throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("proxied").build())) {
      DataSource proxy =
          ProxyDataSourceBuilder.create((DataSource) pool).name("around").countQuery().build();
      QueryCountHolder.clear();
      try (Connection connection = proxy.getConnection()) {
        assertThat(Db.ask(connection, "select 'seen'")).isEqualTo("seen");
        assertThat(connection.unwrap(PGConnection.class).getBackendPID())
            .isEqualTo(Db.pid(connection));
      }
      assertThat(QueryCountHolder.get("around").getSelect()).isEqualTo(2);
      assertThat(log.alarms()).isEmpty();
    }
  }
}
