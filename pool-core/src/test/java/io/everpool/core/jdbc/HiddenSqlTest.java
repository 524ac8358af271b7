package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of SQL that fails, in the words of servers that quote it. */
class HiddenSqlTest {

  private static SQLException hidden(String sql, String state, String message) {
    return new HiddenSql(sql).hidden(new SQLException(message, state, 7));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "set k = 'hunter2 | unterminated quoted string at or near \"'hunter2\""
            + " | unterminated quoted string at or near \"***\"",
        "set k = 'a'hunter2' | syntax error at or near \"hunter2\""
            + " | syntax error at or near \"***\"",
        "set k = 'a';hunter2'b' | syntax error at or near \"hunter2\""
            + " | syntax error at or near \"***\"",
        "set k = a;hunter2 | syntax error at or near \"hunter2\""
            + " | syntax error at or near \"***\"",
        "set k hunter2 | syntax error at or near \"hunter2\""
            + " | syntax error at or near \"***\"",
        "set local k.l hunter2 | syntax error at or near \"hunter2\""
            + " | syntax error at or near \"***\"",
        "alter role r PASSWORD hunter2 | near \"hunter2\" of role \"r\""
            + " | near \"***\" of role \"r\"",
        "set k = 'hunter2' k | Syntaxfehler bei »hunter2« | Syntaxfehler bei »***«",
        "set k = 'hunter2 | erreur, ou l'entrée, sur « 'hunter2 » | erreur, ou l'entrée, sur «***»",
        "set k = 'hunter2 | 構文エラー「hunter2」 | 構文エラー「***」",
        "set k = 'hunter2 | check the manual near ''hunter2' at line 1"
            + " | check the manual near ''***' at line 1",
        "set k = 'hunter2 | the rest, hunter2, is none | the rest, ***, is none",
        "set k = 'HUNTER2 | function hunter2(integer) | function ***(integer)",
        "set k = 'x-y-z w | rest x-y-z | what was said of it isn't shown, for it quotes the SQL",
        "set hunter2 = 'hunter2 | near \"hunter2\" | near \"***\""
      })
  void nothingButNamesIsQuoted(String sql, String message, String shown) {
    SQLException hidden = hidden(sql, "42601", message);
    assertThat((Throwable) hidden).hasMessage(shown).hasNoCause();
    assertThat(hidden.getSQLState()).isEqualTo("42601");
    assertThat(hidden.getErrorCode()).isEqualTo(7);
    SQLException longer = hidden(sql, "42000", message + "\nSQL statement: " + sql);
    assertThat((Throwable) longer).hasMessage(shown);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "set no_such = 1 | 42704 | unrecognized configuration parameter \"no_such\"",
        "set session app.no_such to 1 | 42704 | unrecognized parameter \"app.no_such\"",
        "selct 1 | 42601 | syntax error at or near \"selct\"",
        "set a.b = 'x'; set no_such = 1 | 42704 | unrecognized parameter \"no_such\"",
        "select no_such(1) | 42883 | function no_such(integer) does not exist",
        "insert into gone values ('a') | 42P01 | relation \"gone\" does not exist",
        "set k = 'an answer' | 57P01 | terminating connection due to administrator command",
        "set k = 'a' | 25P02 | it's the transaction's own fault",
        "set session characteristics as transaction isolation level repeatable read"
            + " | 25P02 | it has left a transaction at its level of isolation that can't be read"
      })
  void namesAndWordsStay(String sql, String state, String message) {
    SQLException failure = new SQLException(message + "\n  Position: 1", state);
    assertThat((Throwable) new HiddenSql(sql).hidden(failure)).isSameAs(failure);
  }

  /** What a connection has ended with is told apart by its causes. */
  @Test
  void whatQuotesNothingKeepsItsCauses() {
    SQLException lost = new SQLException("An I/O error occurred", "08006", new EOFException());
    assertThat((Throwable) new HiddenSql("set k = 'hunter2'").hidden(lost)).isSameAs(lost);
  }

  @Test
  void norDoesWhatQuotesAWordThatIsInItsOwn() {
    EOFException end = new EOFException();
    SQLException lost = new SQLException("An I/O error while sending to the backend", "08006", end);
    assertThat((Throwable) new HiddenSql("set k = 'backend'").hidden(lost))
        .hasMessage("An I/O error while sending to the ***")
        .hasCause(end);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cause", "suppressed", "next", "detail"})
  void nothingThatBelongsToTheFailureQuotesIt(String where) {
    SQLException quoting = new SQLException("near \"hunter2\"", "42601");
    SQLException failure =
        new SQLException(
            where.equals("detail") ? "it failed\n  Detail: hunter2" : "it failed",
            "42601",
            where.equals("cause") ? quoting : null);
    if (where.equals("suppressed")) {
      failure.addSuppressed(quoting);
    } else if (where.equals("next")) {
      failure.setNextException(quoting);
    }
    SQLException hidden = new HiddenSql("set k = 'hunter2").hidden(failure);
    assertThat((Throwable) hidden).hasMessage("it failed").hasNoCause().hasNoSuppressedExceptions();
    assertThat((Object) hidden.getNextException()).isNull();
    assertThat(hidden.getStackTrace()).isEqualTo(failure.getStackTrace());
  }
}
