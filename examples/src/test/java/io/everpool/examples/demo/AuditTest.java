package io.everpool.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.examples.ledger.Bank;
import io.everpool.examples.ledger.Statement;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.PostgresServer;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An audit that can't fail proves nothing: each kind of wrong in the books is found. */
class AuditTest {
  private static PostgresServer server;
  private static Pool pool;
  private static Jdbi jdbi;

  private static Bank bank;
  private static Branch branch;
  private static Audit audit;

  private List<UUID> acknowledged = List.of();

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).build());
    jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
    bank = new Bank(jdbi);
    branch = new Branch(jdbi, bank, new Tally());
    audit = new Audit(jdbi);
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
  }

  @BeforeEach
  void transferTwice() {
    branch.createAccounts();
    acknowledged = List.of(transfer(1, 2), transfer(2, 3));
  }

  @AfterEach
  void remove() {
    branch.removeAccounts();
  }

  @Test
  void booksThatBalanceAreFoundInOrder() {
    assertThat(audit.problems(acknowledged)).isEmpty();
    Statement statement = bank.statement(2);
    assertThat(statement.account().balance()).isEqualTo(Branch.INITIAL_BALANCE);
    assertThat(statement.account().owner().name()).isEqualTo("Customer 2");
    assertThat(statement.transfers()).hasSize(1);
    assertThat(statement.transfers().get(0).note().get("why").asText()).isEqualTo("test");
  }

  @Test
  void aLostTransferIsFound() {
    assertThat(audit.problems(List.of(acknowledged.get(0), acknowledged.get(1), UUID.randomUUID())))
        .singleElement()
        .asString()
        .contains("is lost");
  }

  @Test
  void aDoubledTransferIsFound() {
    execute("insert into everpool_demo.transfer select * from everpool_demo.transfer limit 1");

    assertThat(audit.problems(acknowledged))
        .anyMatch(problem -> problem.contains("was done 2 times"))
        .anyMatch(problem -> problem.contains("2 accounts don't match"));
  }

  @Test
  void aTransferThatNobodyWasToldOfIsFound() {
    assertThat(audit.problems(acknowledged.subList(0, 1)))
        .containsExactly("1 transfers were done and never acknowledged");
  }

  @Test
  void moneyThatIsGoneIsFound() {
    execute("update everpool_demo.account set balance = balance - 1 where id = 5");

    assertThat(audit.problems(acknowledged))
        .containsExactly(
            "there are 99999999 cents, but there were 100000000",
            "1 accounts don't match their transfers");
  }

  @Test
  void nothingOfTheDemoIsLeftBehind() {
    branch.removeAccounts();
    assertThat(server.ask("select count(*) from pg_namespace where nspname = 'everpool_demo'"))
        .isEqualTo("0");
  }

  private UUID transfer(int payer, int payee) {
    return bank.transfer(
        payer, payee, 100, JsonNodeFactory.instance.objectNode().put("why", "test"));
  }

  private static void execute(String sql) {
    jdbi.useTransaction(handle -> handle.execute(sql));
  }
}
