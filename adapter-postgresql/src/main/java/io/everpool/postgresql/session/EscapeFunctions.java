package io.everpool.postgresql.session;

import io.everpool.postgresql.sql.SqlScanner;
import java.util.Locale;
import java.util.Set;

/**
 * The functions of JDBC's escapes, {@code {fn name(...)}}, that pgjdbc translates into functions of
 * the server. None of those leaves anything. Any other function is sent by the name that stands in
 * the escape.
 */
final class EscapeFunctions {
  private static final Set<String> NAMES =
      Set.of(
          ("ceiling char concat curdate curtime database dayname dayofmonth dayofweek dayofyear hour"
                  + " ifnull insert lcase left length locate log log10 ltrim minute month monthname"
                  + " power quarter right rtrim second space substring timestampadd timestampdiff"
                  + " truncate ucase user week year")
              .split(" "));

  private EscapeFunctions() {}

  /** Whether the name that was just read is one of these functions. */
  static boolean has(SqlScanner name) {
    String written = name.nameText().substring(name.nameFrom(), name.nameTo());
    return NAMES.contains(written.toLowerCase(Locale.ROOT));
  }
}
