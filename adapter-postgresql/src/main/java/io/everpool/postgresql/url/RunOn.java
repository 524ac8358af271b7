package io.everpool.postgresql.url;

import io.everpool.postgresql.driver.PropertyNames;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds a value that runs on into what stands behind it, because its writer has separated it
 * otherwise than its form has it: in {@code dbname=shop;password=x}, read by libpq's rules, the
 * database is called {@code shop;password=x}. Databases and users are shown, by this adapter and by
 * the server, so that such a one must be refused before anybody is told of it.
 */
final class RunOn {
  /** A parameter behind whatever separates it: its name is one word or two. */
  private static final Pattern NEXT =
      Pattern.compile("[;,&?|\\s]\\s*(?:[A-Za-z][\\w.-]*[ _])?([A-Za-z][\\w.-]*)\\s*=");

  /** The same where a blank doesn't separate. */
  private static final Pattern NEXT_BUT_BLANK =
      Pattern.compile("[;,&?|]\\s*(?:[A-Za-z][\\w.-]*[ _])?([A-Za-z][\\w.-]*)\\s*=");

  private static final String URL = "://";

  /** Databases and users, in small letters. */
  private static final Set<String> SHOWN = Set.of("dbname", "pgdbname", "user");

  /** A URL without its scheme: {@code app:secret@db/shop}. */
  private static final Pattern LOGIN = Pattern.compile(":.*@", Pattern.DOTALL);

  private RunOn() {}

  /**
   * Whether it does, if it isn't in quotes. A secret may have anything in it, and so may options;
   * in these it takes a name that is known.
   *
   * @param name libpq's
   * @param blank whether a blank may have been meant to separate, where it doesn't
   */
  static boolean into(String name, String value, boolean blank) {
    if (UrlText.mayBeSecret(name)) {
      boolean options = name.equals("options"); // they have blanks, and settings of these names
      return hasKnown(blank && !options ? NEXT : NEXT_BUT_BLANK, value);
    }
    return value.indexOf('=') >= 0 || value.contains(URL);
  }

  /** The same of a parameter of a URL, decoded. */
  static boolean intoParameter(String name, String value) {
    if (UrlText.mayBeSecret(name)) {
      return false;
    }
    String plain = name.toLowerCase(Locale.ROOT).replace("_", "");
    boolean shown = SHOWN.contains(plain);
    return (shown && value.contains(URL))
        || hasKnown(plain.equals("applicationname") ? NEXT_BUT_BLANK : NEXT, value);
  }

  private static boolean hasKnown(Pattern next, String value) {
    Matcher parameter = next.matcher(value);
    while (parameter.find()) {
      String name = parameter.group(1);
      if (LibpqParameter.BY_NAME.containsKey(name)
          || AdoString.knows(name)
          || AdoString.knows(parameter.group().replaceAll("[^A-Za-z]", ""))
          || UrlText.mayBeSecret(name)) {
        return true;
      }
    }
    return false;
  }

  /** Looks at the names that are shown, however they were written and wherever they are from. */
  static void check(Map<String, String> properties, List<String> problems) {
    String database = properties.getOrDefault(PropertyNames.PG_DBNAME, "");
    if (database.contains(URL) || NEXT.matcher(database).find() || LOGIN.matcher(database).find()) {
      problems.add(problem("database"));
    }
    String user = properties.getOrDefault(PropertyNames.USER, "");
    // an X.500 name, cn=a,ou=b, is one
    if (user.contains(URL) || hasKnown(NEXT, user)) {
      problems.add(problem("user"));
    }
  }

  private static String problem(String whose) {
    return "the "
        + whose
        + "'s name has another parameter or a URL in it, and isn't shown: parameters are separated"
        + " by & behind the ? of a URL, and by blanks in a connection string";
  }
}
