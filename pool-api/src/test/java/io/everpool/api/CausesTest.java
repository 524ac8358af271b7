package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.Causes;
import java.io.EOFException;
import java.io.IOException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** What a failure is made of may be deep, and may go in circles. */
class CausesTest {
  private final IOException root = new EOFException("gone");
  private final SQLException inner = new SQLException("inner", root);
  private final SQLException outer = new SQLException("outer", inner);
  private final RuntimeException failure = new RuntimeException(outer);

  @Test
  void theOutermostCounts() {
    Throwable sql = Causes.first(failure, SQLException.class);
    assertThat(sql).isSameAs(outer);
    Throwable io = Causes.first(failure, IOException.class);
    assertThat(io).isSameAs(root);
    assertThat(Causes.first(failure, at -> "inner".equals(at.getMessage()))).isSameAs(inner);
  }

  @Test
  void theFailureItselfIsTheFirst() {
    Throwable first = Causes.first(failure, RuntimeException.class);
    assertThat(first).isSameAs(failure);
    assertThat(Causes.root(root)).isSameAs(root);
  }

  @Test
  void whatIsNotThereIsNotFound() {
    assertThat((Throwable) Causes.first(failure, Error.class)).isNull();
    assertThat(Causes.first(failure, at -> false)).isNull();
  }

  @Test
  void theRootIsTheInnermost() {
    assertThat(Causes.root(failure)).isSameAs(root);
  }

  @Test
  void aCircleHasAnEnd() {
    Exception one = new Exception("one");
    Exception other = new Exception("other", one);
    one.initCause(other);

    assertThat((Throwable) Causes.first(one, Error.class)).isNull();
    assertThat(Causes.root(one)).isIn(one, other);
  }

  @Test
  void nobodyLooksDeeperThanTwenty() {
    Throwable deep = new Error("at the bottom");
    for (int i = 0; i < 19; i++) {
      deep = new Exception(deep);
    }
    assertThat((Throwable) Causes.first(deep, Error.class)).isNotNull();
    assertThat((Throwable) Causes.first(new Exception(deep), Error.class)).isNull();
  }
}
