package io.everpool.core.plain;

import io.everpool.api.driver.Causes;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.sql.SQLException;
import java.sql.SQLNonTransientException;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a driver says, when it is to connect, of a URL or a property that it can't use: no attempt
 * will fare better until somebody changes it. Only what can't mean anything else counts. The same
 * states and words may be those of a statement's failure, so they are looked at only here.
 */
final class ConfigurationMistake extends SQLNonTransientException {
  private static final long serialVersionUID = 1L;

  /** States that say it by themselves. */
  private static final Set<String> STATES =
      Set.of(
          "90011", // H2: a relative path
          "90046", // H2: the URL's form
          "90050", // H2: CIPHER without two passwords
          "90088", // H2: no such MODE
          "90113", // H2: no such setting
          "XJ028", // Derby: the URL's form
          "XJ05B"); // Derby: an attribute's value

  /**
   * Numbers that say it, each with the state that it comes with: Oracle's, and HSQLDB's of an
   * invalid argument. In other databases they mean something else.
   */
  private static final Map<Integer, String> CODES =
      Map.of(17067, "99999", 17866, "42000", 17870, "22004", -423, "S1000");

  /** How drivers say it that give neither a state nor a number for it. */
  private static final Pattern WORDS =
      Pattern.compile(
          "path to '.*' does not exist" // SQLite: the folder
              + "|\\[SQLITE_NOTADB].*"
              + "|IO Error: Cannot open file \".*\": No such file or directory.*" // DuckDB
              + "|IO Error: Could not read from file \".*\": Is a directory.*"
              + "|IO Error: The file \".*\" exists, but it is not a valid DuckDB database file!.*"
              + "|error parsing url: .*" // MariaDB
              + "|Incorrect port value : .*"
              + "|The connection string contains a badly formed name or value\\..*" // SQL Server
              + "|The (?:port number|timeout|\\w+ value) .* is not valid\\..*",
          Pattern.DOTALL);

  /** MySQL's own class for it, which is the cause of what its driver throws. */
  private static final String OF_MYSQL = "com.mysql.cj.exceptions.WrongArgumentException";

  private ConfigurationMistake(Exception said, @Nullable Exception cause) {
    super(
        "The driver can't connect with this configuration (url, properties), however often it is"
            + " tried: "
            + said.getMessage(),
        said instanceof SQLException failure && failure.getSQLState() != null
            ? failure.getSQLState()
            : "08001",
        said instanceof SQLException failure ? failure.getErrorCode() : 0,
        cause);
  }

  /**
   * Whether a driver that was to connect says so.
   *
   * <p>A failure of the network or of a file, wherever it is among the causes, may pass. A driver
   * that was given a URL and properties, and nothing else, means these by an illegal argument.
   *
   * @param byUrl whether this was such a driver. A DataSource is the program's own: it may look up
   *     a secret that isn't there at the moment, and fail with an illegal argument of its own
   */
  static boolean isToldBy(Exception thrown, boolean byUrl) {
    return Causes.first(thrown, ConfigurationMistake::mayPass) == null
        && Causes.first(
                thrown,
                at ->
                    (byUrl && isIllegalArgument(at))
                        || (at instanceof SQLException said && isSaidBy(said))
                        || at.getClass().getName().equals(OF_MYSQL))
            != null;
  }

  /**
   * A SocketChannel throws illegal arguments, too: {@code UnresolvedAddressException}, when DNS has
   * failed for a moment.
   */
  private static boolean mayPass(Throwable at) {
    return at instanceof IOException
        || at.getClass().getPackageName().equals(SocketChannel.class.getPackageName());
  }

  /** Other subclasses have meanings of their own. */
  private static boolean isIllegalArgument(Throwable at) {
    return at.getClass() == IllegalArgumentException.class
        || at.getClass() == NumberFormatException.class;
  }

  private static boolean isSaidBy(SQLException said) {
    String state = said.getSQLState();
    String words = said.getMessage();
    return state == null
        ? words != null && WORDS.matcher(words).matches()
        : STATES.contains(state) || state.equals(CODES.get(said.getErrorCode()));
  }

  /** What to throw for what a driver has said. */
  static ConfigurationMistake of(Exception said) {
    return new ConfigurationMistake(said, said);
  }

  /** The same where that quotes a secret; {@code instead} doesn't. */
  static ConfigurationMistake hidden(SQLException instead) {
    return new ConfigurationMistake(instead, null);
  }

  /** Whether this is the failure, or a cause of it. */
  static boolean isIn(Throwable failure) {
    return Causes.first(failure, ConfigurationMistake.class) != null;
  }
}
