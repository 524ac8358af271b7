package io.everpool.postgresql.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.Sessions;
import io.everpool.postgresql.driver.PgjdbcInternals;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A function that was created since the catalogues were read, and whose name isn't new. */
class NewFunctionsTest {
  private static NameTable names = NameTable.EMPTY;

  @BeforeAll
  static void read() throws SQLException {
    for (String sql :
        new String[] {
          "create schema nf",
          "create table nf.tenant (id int, note text)",
          "create table nf.parted (id int) partition by range (id)",
          "create view nf.seen as select 1 as one",
          "create materialized view nf.kept as select 1 as one",
          "create function nf.sets() returns text language sql as"
              + " $$ select set_config('app.x', 'x', false) $$",
          "create table nf.tracing (t text default nf.sets())",
          "create function nf.old(t text) returns text language sql as 'select t'",
          "create table nf.old (id int)"
        }) {
      Sessions.server().execute(sql);
    }
    PhysicalConnection session = Sessions.open();
    CatalogQueries.within(
        Duration.ZERO,
        PgjdbcInternals.within(session.jdbc()),
        queries -> names = CatalogReader.read(queries));
    session.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select tenant('a')",
        "select nf.Tenant ('a')",
        "select \"tenant\"('a'), nf.\"parted\"('b')",
        "select a, parted(1) from b",
        "select * from seen('a')",
        "select * from nf.tenant t, kept(t.id) as k(one)",
        "select tracing('a')",
        "select pg_class('a')",
        "select \"user\"('a'), nf.\"order\"(1)",
        "call nf.tenant('a')",
        "{call tenant}",
        "{? = call nf.tenant(?)}",
        "select {fn tenant('a')}",
        "create table x (a text default tenant('a'))",
        "create trigger t before insert on x for each row execute function tenant()",
        "copy (select tenant('a')) to stdout",
        "copy nf.tenant from stdin where tenant(note) is not null",
        "create publication p for table nf.tenant (id) where (tenant(id) > 1)",
        "explain analyze select tenant('a')"
      })
  void anotherThingsNameMakesNoneTrusted(String sql) {
    assertThat(SqlSideEffects.of(sql, names)).isEqualTo(SessionReset.ANYTHING);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "insert into tenant (id, note) values (1, 'a')",
        "insert into nf.tenant(id) select (1) on conflict (id) do nothing",
        "insert into \"nf\".\"tenant\" (\"id\") values (?)",
        "insert into \"user\" (\"id\", \"order\") values (?, ?)",
        "with tenant (id) as (select 1), parted(id) as (select 2) select * from tenant, parted",
        "with recursive tenant(n) as (select 1 union all select n + 1 from tenant) select 1",
        "select tenant.id from tenant where tenant.id in (1, 2) and (tenant.note) in ('a')",
        "select tenant from (values (1, 2)) tenant(a, b)",
        "select * from nf.tenant tenant(a, b) join nf.parted as parted(id) using (id)",
        "select * from unnest(?) with ordinality tenant(v, i)",
        "select count(tenant), row_to_json(tenant), (tenant).note from nf.tenant",
        "select * from only (tenant), lateral (select 1) seen(one)",
        "select * from tenant tablesample bernoulli (10)",
        "select old('a'), nf.old('b'), old.id from nf.old",
        "select sum(id) over tenant from nf.tenant window tenant as (partition by id)",
        "update nf.tenant set (id, note) = (select 1, 'a') where tenant.id = any (?)",
        "update tenant set tenant = (1) returning (tenant)",
        "merge into tenant using seen on (true) when not matched then insert (id) values (1)",
        "create table tenant (id int references tenant (id), unique (tenant), foreign key (id)"
            + " references nf.parted (id))",
        "create table x partition of tenant (id default 1) for values in (1)",
        "create table if not exists nf.tenant (tenant numeric(10, 2), like tenant)",
        "create index on tenant (id)",
        "create index tenant on only nf.tenant using btree (tenant, (id + 1)) include (note)",
        "create view seen (one) as select 1",
        "create materialized view kept (one) as select 1",
        "create statistics tenant (ndistinct) on id, note from tenant",
        "create or replace function tenant(t text) returns text language sql return t",
        "create policy tenant on tenant using (tenant = 'a') with check (true)",
        "create publication p for table nf.tenant (id), parted (id), only seen (one)",
        "alter publication p set table tenant (id), nf.parted (id) where (id > 1)",
        "alter table tenant add foreign key (id) references tenant (id), add check (id > 1)",
        "grant select (id), update (note) on tenant to joe",
        "copy tenant (id, note) from stdin (format csv)",
        "COPY nf.\"tenant\"(id) to stdout",
        "analyze tenant (id), nf.parted (id)",
        "vacuum (full, analyze) tenant (id), parted (id)",
        "vacuum verbose analyse tenant (id)"
      })
  void anotherThingsNameCostsNothing(String sql) {
    assertThat(SqlSideEffects.of(sql, names)).isZero();
  }
}
