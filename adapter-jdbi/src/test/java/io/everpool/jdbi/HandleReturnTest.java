package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import org.jdbi.v3.core.CloseException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleListener;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jdbi.v3.core.transaction.TransactionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A handle gives its connection back, whatever happens to it. */
@Tag("contract")
class HandleReturnTest {
  private final LendingFakePool pool = new LendingFakePool();
  private final Jdbi jdbi = EverpoolJdbi.create(pool);

  @AfterEach
  void everyConnectionTakenWasGivenBack() {
    assertThat(pool.acquired.get()).isPositive();
    assertThat(pool.leased()).isZero();
  }

  @Test
  void whenTheCallbackReturns() {
    jdbi.useHandle(handle -> handle.execute("select 1"));
    jdbi.useTransaction(handle -> handle.execute("select 1"));
  }

  @Test
  void whenTheCallbackThrows() {
    assertThatThrownBy(
            () ->
                jdbi.useTransaction(
                    handle -> {
                      throw new IllegalStateException("mine");
                    }))
        .hasMessage("mine");
  }

  @Test
  void whenTheCallbackFailsWithAnError() {
    assertThatThrownBy(
            () ->
                jdbi.useHandle(
                    handle -> {
                      throw new StackOverflowError();
                    }))
        .isInstanceOf(StackOverflowError.class);
  }

  @Test
  void whenAStatementFails() {
    assertThatThrownBy(() -> jdbi.useHandle(handle -> handle.execute("nonsense")));
    try (Handle handle = jdbi.open()) {
      assertThatThrownBy(() -> handle.execute("nonsense"));
    }
  }

  @Test
  void whenAResourceOfTheHandleCanNotBeClosed() {
    assertThatThrownBy(
            () ->
                jdbi.useHandle(
                    handle ->
                        handle.addCleanable(
                            () -> {
                              throw new SQLException("stuck");
                            })))
        .isInstanceOf(CloseException.class);
  }

  @Test
  void whenATransactionIsLeftOpen() {
    assertThatThrownBy(() -> jdbi.useHandle(Handle::begin))
        .isInstanceOf(TransactionException.class);
  }

  @Test
  void whenTheConnectionBreaks() {
    pool.faults.breakAt("select 1");
    assertThatThrownBy(() -> jdbi.useHandle(handle -> handle.execute("select 1")));

    pool.faults.breakAt("commit").breakAt("commit").breakAt("commit");
    assertThatThrownBy(() -> jdbi.useTransaction(handle -> handle.execute("select 1")));
  }

  @Test
  void whenAPlugInRefusesTheHandle() {
    jdbi.installPlugin(
        new JdbiPlugin() {
          @Override
          public Handle customizeHandle(Handle handle) throws SQLException {
            throw new SQLException("no");
          }
        });

    assertThatThrownBy(jdbi::open);
    assertThatThrownBy(() -> jdbi.useHandle(handle -> {}));
  }

  @Test
  void whenAListenerOfHandlesThrows() {
    jdbi.getConfig(Handles.class)
        .addListener(
            new HandleListener() {
              @Override
              public void handleCreated(Handle handle) {
                throw new IllegalStateException("created");
              }
            });

    assertThatThrownBy(jdbi::open).hasMessage("created");
  }

  @Test
  void whenTheHandleIsClosedTwice() {
    Handle handle = jdbi.open();
    handle.close();
    handle.close();
  }
}
