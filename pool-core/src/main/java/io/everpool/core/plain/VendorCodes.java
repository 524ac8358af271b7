package io.everpool.core.plain;

import io.everpool.api.Verdict;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What databases say only by a number or by words of their own: that a login is refused (which
 * counts towards locking the account), that there is no such database, that there is no room for a
 * session, that nobody is there, that the session is over, or that a transaction has lost a race.
 * The same number means something else in another database, so each is looked for only with the
 * states that it comes with; and words only where there is no state.
 */
final class VendorCodes {
  /**
   * How the drivers of SQLite (xerial's) and DuckDB begin what they say of a lost race. SQLite's
   * {@code SQLITE_LOCKED} alone isn't one: there the connection itself is in its own way.
   */
  private static final Pattern CONFLICT =
      Pattern.compile(
          "\\[SQLITE_(?:BUSY|BUSY_\\w+|LOCKED_SHAREDCACHE)].*"
              + "|TransactionContext Error: (?:Failed to commit: )?"
              + "(?:Conflict on |(?:Catalog )?write-write conflict |Transaction conflict).*",
          Pattern.DOTALL);

  private VendorCodes() {}

  /**
   * What the number means; null if it says nothing.
   *
   * @param state the SQLState; empty if there is none
   */
  static @Nullable Verdict verdict(String state, int code) {
    return switch (state) {
      case "53300" -> Verdict.OUT_OF_SLOTS; // PostgreSQL, and whatever speaks its protocol
      // With -30082 Db2's type 2 driver says that the login is refused.
      case "08001" -> code == -30082 ? Verdict.ACCESS_DENIED : sqlServer(code);
      case "08004" -> rejected(code);
      case "42000" -> mysqlOrSqlServer(code);
      case "XJ004" -> rejected(code);
      // H2: there is no such database, and it isn't to be created
      case "90013", "90146", "90149" -> Verdict.ACCESS_DENIED;
      case "S1000" -> code == -465 ? Verdict.ACCESS_DENIED : null; // the same in HSQLDB
      case "22000" -> code == 17868 ? Verdict.CONNECTION_LOST : null; // Oracle: an unknown host
      case "70100" -> code == 1927 ? Verdict.CONNECTION_LOST : null; // MariaDB's KILL CONNECTION
      case "HY000" -> mysql(code);
      case "61000", "66000", "72000", "99999" -> oracle(code);
      default ->
          state.startsWith("S000") ? sqlServer(code) : state.startsWith("08") ? oracle(code) : null;
    };
  }

  /**
   * Whether these words say that a transaction has lost a race against another. They are to be
   * believed only where there is no state.
   */
  static boolean isConflict(@Nullable String words) {
    return words != null && CONFLICT.matcher(words).matches();
  }

  /** What the number means in MySQL, MariaDB and SQL Server, which share this state. */
  private static @Nullable Verdict mysqlOrSqlServer(int code) {
    return switch (code) {
      case 1203, 1226 -> Verdict.OUT_OF_SLOTS;
      case 1044, // this user may not use the database
          1049 -> // there is no such database
          Verdict.ACCESS_DENIED;
      default -> sqlServer(code);
    };
  }

  /**
   * What the number means if the server has rejected the connection, for which the state gives no
   * reason.
   */
  private static @Nullable Verdict rejected(int code) {
    return switch (code) {
      case 1040 -> Verdict.OUT_OF_SLOTS; // MySQL and MariaDB: too many connections
      case 40000 -> Verdict.ACCESS_DENIED; // Derby: authentication failed, or no such database
      default -> oracle(code);
    };
  }

  /**
   * What the number means in MySQL and MariaDB, if the state says nothing. MySQL's driver gives
   * 1205 the state 40001 by itself.
   */
  private static @Nullable Verdict mysql(int code) {
    return switch (code) {
      case 1862, // the password has expired
          3118, // the account is locked
          4151 -> // the same in MariaDB
          Verdict.ACCESS_DENIED;
      case 1020, // MariaDB: another transaction has changed the row since the snapshot was taken
          1205 -> // a lock wasn't to be had in time
          Verdict.TRANSACTION_CONFLICT;
      default -> null;
    };
  }

  /**
   * What the number means in SQL Server. Its states are S000 and a number, or with xopenStates
   * 08001, and 42000 for all else.
   */
  private static @Nullable Verdict sqlServer(int code) {
    return switch (code) {
      case 18456, // login failed
          18486, // the account is locked
          18487, // the password has expired
          18488 -> // the password must be changed
          Verdict.ACCESS_DENIED;
      case 10928, // Azure: the limit of sessions or workers
          10929, // the same, because the server is busy
          17809 -> // too many user connections
          Verdict.OUT_OF_SLOTS;
      default -> null;
    };
  }

  /**
   * What the number means in Oracle. Its states are those of SQL*Module's table, one for each range
   * of numbers.
   */
  private static @Nullable Verdict oracle(int code) {
    return switch (code) {
      case 1005, // no password was given
          1017, // invalid user or password
          1045, // no privilege CREATE SESSION
          28000, // the account is locked
          28001 -> // the password has expired
          Verdict.ACCESS_DENIED;
      case 18, // too many sessions
          20, // too many processes
          2391, // too many sessions of this user
          12516, // this and the next three are the listener's words for the same
          12518,
          12519,
          12520 ->
          Verdict.OUT_OF_SLOTS;
      case 28, // the session was killed
          1012, // not logged on
          1092, // the instance was terminated
          2396, // idle for too long
          2399, // connected for too long
          3113, // end of file
          3114, // not connected
          3135, // lost contact
          12505, // the listener knows no such SID: it is mistyped, or not started yet
          12514, // the same of a service
          12528, // the instance takes no new connections: it starts, or stops
          12541 -> // nobody listens there
          Verdict.CONNECTION_LOST;
      default -> null;
    };
  }
}
