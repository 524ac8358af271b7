package io.everpool.spring.shop;

import io.everpool.api.Pool;
import io.everpool.spring.RerunTransaction;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jooq.DSLContext;
import org.jooq.impl.DSL;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** What the application does, in JPA's transactions. */
@Service
public class Shop {
  private final Items items;
  private final Notes notes;
  private final JdbcTemplate jdbc;
  private final DSLContext jooq;
  private final Pool pool;
  private final AtomicInteger runs = new AtomicInteger();

  Shop(Items items, Notes notes, JdbcTemplate jdbc, DSLContext jooq, Pool pool) {
    this.items = items;
    this.notes = notes;
    this.jdbc = jdbc;
    this.jooq = jooq;
    this.pool = pool;
  }

  /** By all of them, in one transaction. */
  @Transactional
  public void addByAll(String name, boolean fails) throws Exception {
    items.saveAndFlush(new Item(name + "-jpa"));
    jdbc.update("insert into item (name) values (?)", name + "-jdbc");
    jooq.insertInto(DSL.table("item"), DSL.field("name", String.class))
        .values(name + "-jooq")
        .execute();
    notes.add(name + "-mybatis");
    pool.useTransaction(
        connection -> {
          try (var insert = connection.prepareStatement("insert into item (name) values (?)")) {
            insert.setString(1, name + "-unit");
            insert.executeUpdate();
          }
        });
    if (fails) {
      throw new IllegalStateException("no");
    }
  }

  @Transactional(readOnly = true)
  public List<String> names(String like) {
    return jdbc.queryForList(
        "select name from item where name like ? union select text from note where text like ?"
            + " order by 1",
        String.class,
        like + "%",
        like + "%");
  }

  @Transactional(readOnly = true)
  public void writeThoughReadOnly() {
    jdbc.update("insert into item (name) values ('never')");
  }

  /** Is run again by the pool's rules. */
  @RerunTransaction
  @Transactional
  public int addAgain(String name, Runnable strike) {
    int run = runs.incrementAndGet();
    items.saveAndFlush(new Item(name));
    strike.run();
    items.saveAndFlush(new Item(name + "-end"));
    return run;
  }
}
