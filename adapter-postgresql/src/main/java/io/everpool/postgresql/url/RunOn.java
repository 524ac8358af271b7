package io.everpool.postgresql.url;

import io.everpool.postgresql.driver.PropertyNames;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds a value that runs on into the next parameter, because its writer has separated the two
 * otherwise than the form asks for: in {@code dbname=shop;password=x}, read by libpq's rules, the
 * database is called {@code shop;password=x}. This adapter and the server show the names of
 * databases and users, so such a name must be refused before anybody is told of it.
 */
final class RunOn {
  /** A parameter behind whatever separates it; its name is one word or two. */
  private static final Pattern NEXT =
      Pattern.compile("[;,&?|\\s]\\s*(?:[A-Za-z][\\w.-]*[ _])?([A-Za-z][\\w.-]*)\\s*=");

  /** The same, for a form in which a blank doesn't separate. */
  private static final Pattern NEXT_BUT_BLANK =
      Pattern.compile("[;,&?|]\\s*(?:[A-Za-z][\\w.-]*[ _])?([A-Za-z][\\w.-]*)\\s*=");

  private static final String URL = "://";

  /** The parameters for databases and users, which are shown; in small letters. */
  private static final Set<String> SHOWN = Set.of("dbname", "pgdbname", "user");

  /** The login of a URL without its scheme: {@code app:secret@db/shop}. */
  private static final Pattern LOGIN = Pattern.compile(":.*@", Pattern.DOTALL);

  private RunOn() {}

  /**
   * Whether a value that isn't in quotes runs on into another parameter. A secret may contain
   * anything, and so may options; there, only a known name counts as a parameter.
   *
   * @param name libpq's name of the parameter
   * @param blank whether the writer may have meant a blank to separate, where it doesn't
   */
  static boolean into(String name, String value, boolean blank) {
    if (UrlText.mayBeSecret(name)) {
      // options contain blanks, and settings of these names
      boolean options = name.equals("options");
      return hasKnown(blank && !options ? NEXT : NEXT_BUT_BLANK, value);
    }
    return value.indexOf('=') >= 0 || value.contains(URL);
  }

  /** The same for a decoded parameter of a URL. */
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

  /**
   * Checks the names that are shown, in whatever form they were written and wherever they come
   * from.
   */
  static void check(Map<String, String> properties, List<String> problems) {
    String database = properties.getOrDefault(PropertyNames.PG_DBNAME, "");
    if (database.contains(URL) || NEXT.matcher(database).find() || LOGIN.matcher(database).find()) {
      problems.add(problem("database"));
    }
    String user = properties.getOrDefault(PropertyNames.USER, "");
    // An X.500 name like cn=a,ou=b is a user's name.
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
