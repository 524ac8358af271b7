package io.everpool.postgresql.session;

import io.everpool.postgresql.sql.SqlScanner;
import java.util.Locale;
import java.util.Set;

/**
 * The functions of JDBC's escapes, {@code {fn name(...)}}, of which pgjdbc makes some of the
 * server's, all of which leave nothing. Any other it sends by the name that stands there.
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

  /** Whether the name that was just read is one of them. */
  static boolean has(SqlScanner name) {
    String written = name.nameText().substring(name.nameFrom(), name.nameTo());
    return NAMES.contains(written.toLowerCase(Locale.ROOT));
  }
}
