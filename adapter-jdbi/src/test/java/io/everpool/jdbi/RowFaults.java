package io.everpool.jdbi;

import org.jdbi.v3.core.Jdbi;

/**
 * Faults that rows meet on the server: whatever table has a trigger with {@code meet_fault()}, the
 * row that is inserted as the number of a row in {@code fault} fails with its state, or loses its
 * session by 57P01. They are counted by the sequence {@code inserted}.
 */
final class RowFaults {
  private RowFaults() {}

  /** Makes what that takes; the triggers are the tests' own. */
  static void create(Jdbi jdbi) {
    jdbi.useHandle(
        handle -> {
          handle.execute("create table fault (number int, state text)");
          handle.execute("create sequence inserted");
          handle.execute(
              """
              create function meet_fault() returns trigger language plpgsql as $$
              declare
                present bigint := nextval('inserted');
                met text;
              begin
                select state into met from fault where number = present;
                if met = '57P01' then
                  perform pg_terminate_backend(pg_backend_pid());
                  perform pg_sleep(60);
                elsif met is not null then
                  raise exception 'met' using errcode = met;
                end if;
                return new;
              end $$""");
        });
  }
}
