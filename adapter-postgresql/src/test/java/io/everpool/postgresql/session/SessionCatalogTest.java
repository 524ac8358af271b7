package io.everpool.postgresql.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import io.everpool.postgresql.Sessions;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.servers.Await;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.jdbc.EscapedFunctions2;

/** What the database says of names; that nothing is left in fact, it-tests show through a pool. */
class SessionCatalogTest {
  private static Connector connector;
  private static PhysicalConnection session;

  @BeforeAll
  static void read() throws SQLException {
    for (String sql :
        new String[] {
          "create schema sc",
          "create table sc.orders (id int, note text)",
          "create table sc.audited (id int)",
          "create function sc.plain(x int) returns int language sql as 'select x'",
          "create function sc.local(x text) returns text language plpgsql as"
              + " $$ begin return set_config('app.x', x, true); end $$",
          "create function sc.own_path() returns int language plpgsql set search_path = sc as"
              + " $$ begin update orders set note = 'x'; return 1; end $$",
          "create function sc.locks() returns void language sql as 'select pg_advisory_lock(1)'",
          "create function sc.temps() returns void language plpgsql as"
              + " $$ begin create temp table t (x int); end $$",
          "create function sc.two_readings() returns bool language sql as"
              + " $$select 'C:\\' like '%set_config('$$",
          "create function sc.audit() returns trigger language plpgsql as"
              + " $$ begin insert into sc.orders values (1, 'x'); return new; end $$",
          "create trigger t after insert on sc.audited for each row execute function sc.audit()",
          "create function sc.fire() returns trigger language plpgsql as"
              + " $$ begin perform sc.locks(); return new; end $$",
          "create function sc.first_agg(anyelement, anyelement) returns anyelement language sql"
              + " immutable strict as 'select $1'",
          "create aggregate sc.first(anyelement) (sfunc = sc.first_agg, stype = anyelement)",
          "create function sc.lock_agg(s int, x int) returns int language sql as"
              + " 'select pg_advisory_lock(x); select x'",
          "create function sc.last_of(s int) returns int language sql as 'select s'",
          "create function sc.locked(s int) returns int language sql as"
              + " 'select pg_advisory_lock(s); select s'",
          "create function sc.locked_key(s int) returns int language sql immutable as"
              + " 'select sc.locked(s)'",
          "create table sc.fires (id int)",
          "create trigger t after insert on sc.fires for each row execute function sc.fire()",
          "create aggregate sc.locking(int) (sfunc = sc.lock_agg, stype = int)",
          "create aggregate sc.locking_at_last(int)"
              + " (sfunc = int4pl, stype = int, finalfunc = sc.locked)",
          "create aggregate sc.harmless(int)"
              + " (sfunc = int4pl, stype = int, finalfunc = sc.last_of)",
          "create aggregate sc.configures(text, bool)"
              + " (sfunc = set_config, stype = text, initcond = 'app.x')",
          "create type sc.span as range (subtype = float8)",
          "create type sc.mood as enum ('a')",
          "create type sc.pair as (m sc.mood, t text)",
          "create domain sc.short as text check (length(value) < 3)",
          "create function sc.to_pair(x text) returns sc.pair language sql as"
              + " 'select row(null, x)::sc.pair'",
          "create cast (text as sc.pair) with function sc.to_pair(text)",
          "create cast (varchar as sc.mood) with inout as implicit",
          "create table sc.typed (p sc.pair, m sc.mood[], s sc.short) partition by list ((lower(s)))",
          "create domain sc.locking_check as int check (sc.locked(value) is not null)",
          "create type sc.locking_pair as (a sc.locking_check)",
          "create table sc.of_pairs (id int, pairs sc.locking_pair[])",
          "create table sc.by_lock (id int) partition by range (sc.locked_key(id))",
          "create function sc.rows() returns setof sc.fires language sql as 'select 1'",
        }) {
      Sessions.server().execute(sql);
    }
    connector = Sessions.connector(Sessions.server().libpqUrl(), config -> config);
    session = connector.open(Sessions.TIMEOUT);
  }

  @AfterAll
  static void close() throws SQLException {
    session.close();
    connector.close();
  }

  /** Nobody pays for a round trip that isn't needed. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "select count(*), max(id), coalesce(sum(id), 0) from sc.orders o",
        "insert into sc.orders (id, note) values (1, 'locks()')",
        "insert into sc.audited (id) values (1)",
        "insert into not_yet_there (id) values (1)",
        "with t(n) as (select 1) select * from t",
        "with recursive t(n) as (select 1 union all select n + 1 from t) select sum(n) from t",
        "select v.x from (values (1, 2)) v(x, y) where x in (1, 2) and exists (select 1)",
        "select a.b from sc.orders a(b, c) join lateral (select 1) d(e) on (true)",
        "select sc.local('a'), sc.plain(1), sc.own_path()",
        "select now(), cast(1 as numeric(10, 2)), 'a'::varchar(3), extract(year from now())",
        "update sc.orders set note = upper(note) where id = any (array[1, 2])",
        "select row_number() over (partition by id order by note) from sc.orders",
        "select x, count(*) filter (where x > 1) over w from t window w as (order by x)",
        "merge into sc.orders t using sc.audited s on (t.id = s.id)"
            + " when not matched then insert (id) values (s.id)",
        "insert into sc.typed values (row('a', 'b'), '{a}', 'c')",
        "select 'b'::text::sc.pair, 'a'::varchar::sc.mood, row('a', 'b')::sc.pair, 'c'::sc.short",
        "select * from sc.rows()",
        "create index on x using btree (lower(a))",
        "call sc.plain(1)",
        "select {fn ucase('a')}, {ts '2020-01-01 00:00:00'}",
        "select distinct on (a, (b)) c, (d) e from (select 1) f(a)",
        "select (a operator(pg_catalog.+) b) from (values (1, 2)) v(a, b) order by a using"
            + " operator(pg_catalog.<)",
        "select * from {oj sc.orders o left outer join sc.audited a on (true)}",
        "with a as (select 1), b(n) as (select 2) select * from b",
        "with recursive x as (select 1), tree(id, depth) as (select 1, 0 union all select id + 1,"
            + " depth + 1 from tree where depth < 3) select * from tree",
        "with a as not materialized (select 1), b (\"n,)\", m) as materialized ((select 2, 3)),"
            + " c(x) as (values (1)), d(x) as (table sc.orders) select * from a, b, c, d",
        "with a as (select 1), b(n) as (insert into sc.orders values (1, 'a') returning id),"
            + " c(n) as (delete from sc.orders returning id), d(n) as (update sc.orders set id = 1"
            + " returning id) select * from d",
        "select * from (with a as (select 1), b(n) as (select 2) select * from b) s",
        "select * from unnest(?) with ordinality u(v, i)",
        "select * from sc.orders o, unnest(o.ids) with ordinality as u(v, i)",
        "select id from sc.orders order by id desc nulls last fetch first ? rows only",
        "select sc.first(note), sc.harmless(id) from sc.orders",
        "select sc.span(1, 2), sc.span(1, 2, '[)'), sc.span_multirange(sc.span(1, 2)),"
            + " '[1,2)'::sc.span"
      })
  void leavesNothing(String sql) {
    assertThat(sideEffects(connector, sql)).isZero();
  }

  /** The driver makes functions of the server's of them. */
  @Test
  void theDriversEscapesLeaveNothing() {
    List<String> names =
        Arrays.stream(EscapedFunctions2.class.getMethods())
            .filter(method -> Modifier.isStatic(method.getModifiers()))
            .map(Method::getName)
            .filter(name -> name.startsWith("sql"))
            .map(name -> name.substring("sql".length()))
            .toList();
    assertThat(names).contains("ucase", "curdate", "timestampdiff");
    for (String name : names) {
      String sql = "select {fn " + name.toUpperCase(Locale.ROOT) + "(a)} from sc.orders";
      assertThat(sideEffects(connector, sql)).as(sql).isZero();
    }
  }

  @Test
  void aTypeLeavesWhatItsChecksDo() {
    for (String sql :
        new String[] {
          "select row(1)::sc.locking_pair",
          "insert into sc.of_pairs values (1, '{}')",
          "insert into sc.by_lock values (1)"
        }) {
      assertThat(sideEffects(connector, sql)).as(sql).isEqualTo(SessionReset.ADVISORY_LOCK);
    }
  }

  @Test
  void aFunctionLeavesWhatItsBodyDoes() {
    assertThat(sideEffects(connector, "select sc.locks()")).isEqualTo(SessionReset.ADVISORY_LOCK);
    assertThat(sideEffects(connector, "select \"locks\"()")).isEqualTo(SessionReset.ADVISORY_LOCK);
    assertThat(sideEffects(connector, "select (o).locks from sc.orders o"))
        .isEqualTo(SessionReset.ADVISORY_LOCK);
    assertThat(sideEffects(connector, "select sc.temps()")).isEqualTo(SessionReset.TEMPORARY);
  }

  @Test
  void anAggregateLeavesWhatItsFunctionsDo() {
    assertThat(sideEffects(connector, "select sc.locking(id) from sc.orders"))
        .isEqualTo(SessionReset.ADVISORY_LOCK);
    assertThat(sideEffects(connector, "select sc.locking_at_last(id) from sc.orders"))
        .isEqualTo(SessionReset.ADVISORY_LOCK);
    assertThat(sideEffects(connector, "select sc.configures('x', false)"))
        .isEqualTo(SessionReset.SETTINGS | SessionReset.ROLE | SessionReset.PATH);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select not_there(1)",
        "select 1, sc . not_there (1)",
        "select * from \"not there\"(1)",
        "{call not_there}",
        "call not_there(1)",
        "select a, not_there(1)",
        "select a, not_there(1) as x from b",
        "select * from a, not_there(1) as (n int)",
        "select * from a, not_there(1) as (values int, n text)",
        "select * from a, not_there(1) as (update int)",
        "select * from unnest(?) with ordinality u(v, i), not_there(v)",
        "with a as (select 1), b(n) as (select 2) select not_there(1), not_there(n) from b",
        "with a as (select 1), b(n) as (select not_there(2)) select * from b",
        "select x::time with time zone, not_there(1)",
        "select a, not_there(",
        "select distinct on (a) not_there(1)",
        "select distinct on (a, (select distinct on (b) c from d)) \"not there\"(1) from e",
        "select a operator(pg_catalog.+) not_there(1)",
        "select {fn not_there(1)}",
        "select {FN sc.ucase('a')}, {fn \"ucase\"('a')}",
        "select * from {oj not_there(1) left outer join b on true}",
        "select a_name_that_is_longer_than_what_the_server_keeps_of_names_so_that_it_is_cut_off"
      })
  void whatIsNotThereMayDoEverything(String sql) {
    assertThat(sideEffects(connector, sql)).isEqualTo(SessionReset.ANYTHING);
  }

  /** Once: a listener throws all remembered texts away. */
  @Test
  void whatAStatementDefinesIsKnownFromItsText() throws SQLException {
    Connector other = Sessions.connector(Sessions.server().libpqUrl(), config -> config);
    AtomicInteger changes = new AtomicInteger();
    other.whenSideEffectsChange(changes::incrementAndGet);
    other.open(Sessions.TIMEOUT).close();
    assertThat(changes).hasValue(1);

    assertThat(sideEffects(other, "select sc.plain(1)")).isZero();
    other.sideEffects("create or replace function sc.plain(x int) returns int as $$ select 1 $$");
    assertThat(sideEffects(other, "select sc.plain(1)")).isEqualTo(SessionReset.ANYTHING);
    assertThat(changes).hasValue(2);

    other.sideEffects("create trigger t before insert on sc.orders execute function sc.locks()");
    assertThat(sideEffects(other, "insert into sc.orders values (1)"))
        .isEqualTo(SessionReset.ADVISORY_LOCK);
    other.sideEffects("create trigger t before insert on sc.orders execute function sc.locks()");
    assertThat(changes).hasValue(3);
    other.close();
  }

  /**
   * A role may be kept from the catalogues; then the text is all there is, and the user is told.
   */
  @Test
  void withoutTheCataloguesTheTextIsAllThereIs() throws SQLException {
    Sessions.server().execute("create role blind login password 'blind'");
    Sessions.server().execute("create role blinding login superuser password 'blinding'");
    Sessions.server().execute("create database blind");
    String url = Sessions.server().jdbcUrl().replaceFirst("/[^/]*$", "/blind");
    try (Connection admin = DriverManager.getConnection(url, "blinding", "blinding")) {
      admin.createStatement().execute("revoke select on pg_catalog.pg_trigger from public");
    }
    Connector blind = Sessions.connector(url, config -> config.user("blind").password("blind"));
    blind.open(Sessions.TIMEOUT).close();

    assertThat(sideEffects(blind, "select not_there(1)")).isZero();
    assertThat(sideEffects(blind, "set x = 1")).isEqualTo(SessionReset.SETTINGS);
    assertThat(blind.notes()).anySatisfy(note -> assertThat(note).contains("pg_trigger"));
    blind.close();
  }

  /**
   * Large catalogues, a slow server, or somebody who locks one: nobody goes without a connection,
   * and none is cut, because the reading takes too long. It is tried again, and then known.
   */
  @ParameterizedTest
  @ValueSource(strings = {"pg_policy", "pg_depend"})
  void aReadingThatTakesTooLongCostsNoConnection(String catalogue) throws SQLException {
    Connector patient =
        Sessions.connector(
            Sessions.server().libpqUrl(),
            config -> config.healthCheckInterval(Duration.ofMillis(1)));
    PhysicalConnection own;
    Sessions.server().execute("create role locks_" + catalogue + " login superuser password 'x'");
    try (Connection admin =
        DriverManager.getConnection(Sessions.server().jdbcUrl(), "locks_" + catalogue, "x")) {
      admin.setAutoCommit(false);
      admin.createStatement().execute("lock table pg_catalog." + catalogue);

      own = patient.open(Duration.ofSeconds(6).toNanos());
      assertThat(patient.notes()).singleElement().asString().contains("too long", "discard-all");
      own.refresh(Duration.ofSeconds(6).toNanos());
      assertThat(own.transactionState()).isEqualTo(TransactionState.NONE);
      assertThat(Sessions.ask(own, "show statement_timeout")).isEqualTo("1min");
      assertThat(sideEffects(patient, "select sc.locks()")).isZero();
    }
    own.refresh(Sessions.TIMEOUT);
    assertThat(sideEffects(patient, "select sc.locks()")).isEqualTo(SessionReset.ADVISORY_LOCK);
    own.close();
    patient.close();
  }

  /** It knows nothing of the catalogues, and what functions leave would be the next borrower's. */
  @Test
  void whatALostSessionHasNotReadIsReadByTheNext() throws SQLException {
    SessionCatalog catalog = new SessionCatalog(Long.MAX_VALUE);
    loseOne(catalog);
    assertThat(catalog.isDue()).as("still unread").isTrue();
    assertThat(catalog.notes()).isEmpty();

    catalog.refresh(PgjdbcInternals.within(session.jdbc()), Sessions.LIMIT);
    assertThat(catalog.sideEffects("select sc.locks()").inAll())
        .isEqualTo(SessionReset.ADVISORY_LOCK);
    assertThat(catalog.isDue()).isFalse();
  }

  /** Those who wait for the first reading are lost with it: that is one outage, and not three. */
  @Test
  void anOutageOfManyIsNoReasonToGiveUp() throws Exception {
    SessionCatalog catalog = new SessionCatalog(Long.MAX_VALUE);
    Sessions.server().execute("create role locks_outage login superuser password 'x'");
    ExecutorService threads = Executors.newCachedThreadPool();
    try (Connection admin =
        DriverManager.getConnection(Sessions.server().jdbcUrl(), "locks_outage", "x")) {
      admin.setAutoCommit(false);
      admin.createStatement().execute("lock table pg_catalog.pg_policy");
      List<Thread> readers = new CopyOnWriteArrayList<>();
      List<Future<Object>> readings = new ArrayList<>();
      List<Integer> sessions = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Connection own =
            DriverManager.getConnection(
                Sessions.server().jdbcUrl(),
                Sessions.server().user(),
                Sessions.server().password());
        sessions.add(own.unwrap(BaseConnection.class).getBackendPID());
        readings.add(
            threads.submit(
                () -> {
                  readers.add(Thread.currentThread());
                  assertThatThrownBy(
                          () -> catalog.refresh(own.unwrap(BaseConnection.class), Sessions.LIMIT))
                      .isInstanceOf(SQLException.class);
                  return null;
                }));
      }
      Await.until(
          Sessions.LIMIT,
          () ->
              readers.size() == 4
                  && readers.stream().filter(SessionCatalogTest::waitsItsTurn).count() == 3,
          "one to read and three to wait for it");
      for (int session : sessions) {
        Sessions.server().execute("select pg_terminate_backend(" + session + ")");
      }
      for (Future<Object> reading : readings) {
        reading.get();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(catalog.isDue()).as("still unread").isTrue();
  }

  private static boolean waitsItsTurn(Thread reader) {
    return reader.getState() == Thread.State.WAITING
        && Arrays.stream(reader.getStackTrace())
            .anyMatch(call -> call.getClassName().endsWith("ReentrantLock"));
  }

  /** Something ends each session that reads: better a pool that knows texts only than none. */
  @Test
  void whereEachReaderIsLostTheCatalogueIsGivenUp() throws SQLException {
    SessionCatalog catalog = new SessionCatalog(Long.MAX_VALUE);
    loseOne(catalog);
    loseOne(catalog);
    assertThat(catalog.isDue()).isTrue();
    loseOne(catalog);
    assertThat(catalog.isDue()).isFalse();
    assertThat(catalog.notes()).singleElement().asString().contains("discard-all");
  }

  private static void loseOne(SessionCatalog catalog) throws SQLException {
    try (Connection doomed =
        DriverManager.getConnection(
            Sessions.server().jdbcUrl(), Sessions.server().user(), Sessions.server().password())) {
      BaseConnection own = doomed.unwrap(BaseConnection.class);
      Sessions.server().execute("select pg_terminate_backend(" + own.getBackendPID() + ", 60000)");
      assertThatThrownBy(() -> catalog.refresh(own, Sessions.LIMIT))
          .isInstanceOf(SQLException.class);
    }
  }

  /** Nobody goes without a connection because a mistake was made in reading. */
  @Test
  void aReadingThatThrowsIsSurvived() throws SQLException {
    Connection real = PgjdbcInternals.within(session.jdbc());
    BaseConnection mistaken =
        (BaseConnection)
            Proxy.newProxyInstance(
                BaseConnection.class.getClassLoader(),
                new Class<?>[] {BaseConnection.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("getMetaData")) {
                    throw new IllegalStateException("a mistake");
                  }
                  return method.invoke(real, arguments);
                });
    SessionCatalog catalog = new SessionCatalog(Long.MAX_VALUE);
    catalog.refresh(mistaken, Sessions.LIMIT);
    assertThat(catalog.isDue()).isFalse();
    assertThat(catalog.notes())
        .singleElement()
        .satisfies(note -> assertThat(note).contains("a mistake", "discard-all"));
  }

  /** Whoever had it next would be in a transaction that has failed. */
  @Test
  void aReadingThatCannotBeEndedIsALostConnection() throws SQLException {
    Connection real = PgjdbcInternals.within(session.jdbc());
    BaseConnection stubborn =
        (BaseConnection)
            Proxy.newProxyInstance(
                BaseConnection.class.getClassLoader(),
                new Class<?>[] {BaseConnection.class},
                (proxy, method, arguments) -> {
                  Object answer = method.invoke(real, arguments);
                  if (arguments != null && "rollback".equals(arguments[0])) {
                    throw new SQLException("canceling statement due to statement timeout", "57014");
                  }
                  return answer;
                });
    SessionCatalog catalog = new SessionCatalog(Long.MAX_VALUE);
    assertThatThrownBy(() -> catalog.refresh(stubborn, Sessions.LIMIT))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08006"));
  }

  @Test
  void theUserIsToldWhatThereIs() {
    assertThat(connector.notes())
        .anySatisfy(note -> assertThat(note).contains("leave state", "discard-all", "lock"));
  }

  /** Nothing is sent again while it is fresh, and then one question if nothing has changed. */
  @Test
  void itIsReadAgainOnlyWhenSomethingHasChanged() throws SQLException {
    Connector quick =
        Sessions.connector(
            Sessions.server().libpqUrl(),
            config -> config.healthCheckInterval(Duration.ofMillis(1)));
    AtomicInteger changes = new AtomicInteger();
    quick.whenSideEffectsChange(changes::incrementAndGet);
    PhysicalConnection own = quick.open(Sessions.TIMEOUT);
    own.refresh(Sessions.TIMEOUT);
    assertThat(changes).hasValue(1);
    Sessions.server()
        .execute("create function sc.another() returns int language sql as 'select 1'");
    assertThat(sideEffects(quick, "select sc.another()")).isEqualTo(SessionReset.ANYTHING);
    own.refresh(Sessions.TIMEOUT);
    assertThat(changes).hasValue(2);
    assertThat(sideEffects(quick, "select sc.another()")).isZero();
    own.close();
    quick.close();
  }

  /** Its class remains what it was. */
  @Test
  void aChangedColumnOfATypeIsKnown() throws SQLException {
    Sessions.server().execute("create type sc.changing as (a int)");
    Connector quick =
        Sessions.connector(
            Sessions.server().libpqUrl(),
            config -> config.healthCheckInterval(Duration.ofMillis(1)));
    PhysicalConnection own = quick.open(Sessions.TIMEOUT);
    assertThat(sideEffects(quick, "select row(1)::sc.changing")).isZero();
    Sessions.server().execute("alter type sc.changing alter attribute a type sc.locking_check");
    own.refresh(Sessions.TIMEOUT);
    assertThat(sideEffects(quick, "select row(1)::sc.changing"))
        .isEqualTo(SessionReset.ADVISORY_LOCK);
    own.close();
    quick.close();
  }

  private static int sideEffects(Connector by, String sql) {
    return SideEffect.bits(by.sideEffects(sql));
  }
}
