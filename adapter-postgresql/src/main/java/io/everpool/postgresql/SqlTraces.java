package io.everpool.postgresql;

import static io.everpool.postgresql.SqlWord.OTHER;

/**
 * Finds out from the text of statements what they may leave behind in the session, as bits of
 * {@link SessionReset}.
 *
 * <p>Knows strings, quoted names, dollar quotes, comments and several statements in one text, and
 * errs on the side of clearing. What it can't see is what a function does that a statement calls: a
 * function of the user's own that sets, locks or creates leaves traces unseen; {@code reset =
 * discard-all} is for those. The bodies of {@code DO} and the procedures of {@code CALL} are taken
 * to do everything.
 */
final class SqlTraces {
  private final SqlScanner scanner;
  private int traces;

  /** Words of the statement so far. */
  private int count;

  private SqlWord first = OTHER;
  private SqlWord second = OTHER;

  /** The two words directly before, with nothing but space between. */
  private SqlWord before = OTHER;

  private SqlWord beforeThat = OTHER;
  private boolean creates;
  private boolean updates;

  /**
   * Depth of parentheses, and the one in which the arguments of a set_config stand; -1 for none.
   */
  private int depth;

  private int configDepth = -1;

  private SqlTraces(SqlScanner scanner) {
    this.scanner = scanner;
  }

  /** The bits; 0 for nothing. A pure function. */
  static int of(String sql) {
    SqlScanner scanner = new SqlScanner(sql, false);
    int traces = new SqlTraces(scanner).scan();
    // where a backslash may escape a quote or not, depending on a setting: either may be meant
    return scanner.ambiguous() ? traces | new SqlTraces(new SqlScanner(sql, true)).scan() : traces;
  }

  private int scan() {
    for (; ; ) {
      switch (scanner.next()) {
        case END -> {
          endStatement();
          return traces;
        }
        case WORD -> word(scanner.word(), false);
        case QUOTED -> word(scanner.word(), true);
        case SYMBOL -> symbol(scanner.symbol());
        case OTHER -> forgetBefore();
      }
    }
  }

  private void word(SqlWord word, boolean quoted) {
    switch (word) {
      case SET_CONFIG -> beginConfig();
      case PG_ADVISORY_LOCK, PG_TRY_ADVISORY_LOCK -> traces |= SessionReset.ADVISORY_LOCK;
      case PG_TEMP -> traces |= SessionReset.TEMPORARY;
      case PG_SETTINGS -> {
        if (updates) {
          traces |= SessionReset.SETTINGS | SessionReset.ROLE;
        }
      }
      default -> {
        // counts only as a key word
      }
    }
    key(quoted ? OTHER : word, quoted);
  }

  private void key(SqlWord word, boolean quoted) {
    switch (word) {
      case CREATE -> creates = true;
      case UPDATE -> updates = true;
      case TEMP, TEMPORARY -> {
        if (temporaryAfter()) {
          traces |= SessionReset.TEMPORARY;
        }
      }
      case HOLD -> {
        if (first == SqlWord.DECLARE && before == SqlWord.WITH) {
          traces |= SessionReset.CURSOR;
        }
      }
      default -> {
        // nothing by itself
      }
    }
    switch (count++) {
      case 0 -> {
        first = word;
        traces |= left(word);
      }
      case 1 -> {
        second = word;
        if (first == SqlWord.SET && word != SqlWord.SESSION) {
          traces |= set(word, quoted);
        } else if (first == SqlWord.PREPARE && word != SqlWord.TRANSACTION) {
          traces |= SessionReset.PREPARED;
        }
      }
      case 2 -> {
        if (first == SqlWord.SET && second == SqlWord.SESSION) {
          traces |= set(word, quoted);
        }
      }
      default -> {
        // the rest is data
      }
    }
    beforeThat = before;
    before = word;
  }

  /** What a statement leaves that begins with this word, whatever follows. */
  private static int left(SqlWord first) {
    return switch (first) {
      case DO, CALL -> SessionReset.ANYTHING;
      case LISTEN -> SessionReset.LISTEN;
      case LOAD -> SessionReset.SETTINGS;
      default -> 0;
    };
  }

  /** What SET or SET SESSION leaves, by the word after it. */
  private static int set(SqlWord name, boolean quoted) {
    return switch (name) {
      case LOCAL, TRANSACTION, CONSTRAINTS -> 0;
      case ROLE, AUTHORIZATION, SESSION_AUTHORIZATION -> SessionReset.ROLE;
      default -> quoted ? SessionReset.SETTINGS | SessionReset.ROLE : SessionReset.SETTINGS;
    };
  }

  /** CREATE [OR REPLACE] [LOCAL | GLOBAL] TEMP, or INTO [LOCAL | GLOBAL] TEMP but of an INSERT. */
  private boolean temporaryAfter() {
    return switch (before) {
      case CREATE -> true;
      case REPLACE -> creates;
      case LOCAL, GLOBAL -> creates || beforeThat == SqlWord.INTO;
      case INTO -> beforeThat != SqlWord.INSERT && beforeThat != SqlWord.MERGE;
      default -> false;
    };
  }

  private void symbol(char symbol) {
    switch (symbol) {
      case ';' -> {
        endStatement();
        return;
      }
      case '(' -> depth++;
      case ')' -> {
        depth--;
        if (configDepth >= 0 && depth <= configDepth) {
          endConfig(before == SqlWord.TRUE);
        }
      }
      default -> {
        // separates words
      }
    }
    forgetBefore();
  }

  private void forgetBefore() {
    before = OTHER;
    beforeThat = OTHER;
  }

  /** set_config(name, value, is_local) leaves nothing if the last word of its arguments is true. */
  private void beginConfig() {
    if (configDepth >= 0) {
      endConfig(false);
    }
    configDepth = depth;
  }

  private void endConfig(boolean local) {
    configDepth = -1;
    if (!local) {
      traces |= SessionReset.SETTINGS | SessionReset.ROLE;
    }
  }

  private void endStatement() {
    if (configDepth >= 0) {
      endConfig(false);
    }
    count = 0;
    depth = 0;
    first = OTHER;
    second = OTHER;
    creates = false;
    updates = false;
    forgetBefore();
  }
}
