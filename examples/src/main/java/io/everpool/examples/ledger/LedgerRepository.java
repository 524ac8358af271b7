package io.everpool.examples.ledger;

import io.everpool.jdbi.ReadOnly;
import java.util.List;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlScript;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.jdbi.v3.sqlobject.transaction.Transaction;

/** The tables of the application, and the statements on them. */
@RegisterConstructorMapper(Account.class)
@RegisterConstructorMapper(Transfer.class)
public interface LedgerRepository {

  @Transaction
  @SqlScript("create schema everpool_demo")
  @SqlScript(
      "create table everpool_demo.account"
          + " (id int primary key, owner jsonb not null, balance bigint not null)")
  @SqlScript(
      // There is no primary key: if a transfer were done twice, it should be seen and not fail.
      "create table everpool_demo.transfer"
          + " (id uuid, payer int, payee int, amount bigint, note jsonb,"
          + " at timestamptz default clock_timestamp())")
  @SqlScript("create index on everpool_demo.transfer (payer, at desc)")
  void createTables();

  @SqlScript("drop schema everpool_demo cascade")
  void dropTables();

  @SqlUpdate("insert into everpool_demo.account values (:id, :owner, :balance)")
  void insert(@BindMethods Account account);

  /**
   * Makes the whole transfer or nothing of it. If the connection breaks before the COMMIT is sent,
   * or if the COMMIT isn't answered and the server says later that it has failed, Everpool runs
   * this method again.
   */
  @Transaction
  default void transfer(Transfer transfer) {
    // The account with the smaller number always comes first, so that two transfers never wait for
    // each other.
    if (transfer.payer() < transfer.payee()) {
      add(transfer.payer(), -transfer.amount());
      add(transfer.payee(), transfer.amount());
    } else {
      add(transfer.payee(), transfer.amount());
      add(transfer.payer(), -transfer.amount());
    }
    insert(transfer);
  }

  @SqlUpdate("update everpool_demo.account set balance = balance + :amount where id = :id")
  void add(int id, long amount);

  @SqlUpdate(
      "insert into everpool_demo.transfer (id, payer, payee, amount, note)"
          + " values (:id, :payer, :payee, :amount, :note)")
  void insert(@BindMethods Transfer transfer);

  @ReadOnly
  @SqlQuery("select id, owner, balance from everpool_demo.account where id = :id")
  Account account(int id);

  @ReadOnly
  @SqlQuery(
      "select id, payer, payee, amount, note from everpool_demo.transfer"
          + " where payer = :payer order by at desc limit :limit")
  List<Transfer> latest(int payer, int limit);
}
