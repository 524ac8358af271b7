package io.everpool.postgresql.failure;

import static io.everpool.api.Verdict.ACCESS_DENIED;
import static io.everpool.api.Verdict.CONNECTION_LOST;
import static io.everpool.api.Verdict.DEADLINE;
import static io.everpool.api.Verdict.OUT_OF_SLOTS;
import static io.everpool.api.Verdict.PROCESS_LIMIT;
import static io.everpool.api.Verdict.PROXY_UNAVAILABLE;
import static io.everpool.api.Verdict.READ_ONLY_SERVER;
import static io.everpool.api.Verdict.REFUSED;
import static io.everpool.api.Verdict.SERVER_DOWN;
import static io.everpool.api.Verdict.SERVER_STARTING;
import static io.everpool.api.Verdict.STALE_PLAN;
import static io.everpool.api.Verdict.STALE_SESSION;
import static io.everpool.api.Verdict.STATEMENT_FAILED;
import static io.everpool.api.Verdict.TRANSACTION_CONFLICT;
import static io.everpool.postgresql.failure.FailureRule.Scope.ALWAYS;
import static io.everpool.postgresql.failure.FailureRule.Scope.CONNECTING;
import static io.everpool.postgresql.failure.FailureRule.Scope.DRIVER;
import static io.everpool.postgresql.failure.FailureRule.Scope.ENDED;
import static io.everpool.postgresql.failure.FailureRule.Scope.FATAL;
import static io.everpool.postgresql.failure.FailureRule.Scope.POOLER;

import io.everpool.api.Verdict;
import io.everpool.api.driver.FailureChain;
import io.everpool.postgresql.socket.DeadlineException;
import io.everpool.postgresql.socket.SocketClosedException;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What failures of pgjdbc, PostgreSQL, PgBouncer and other poolers, Neon and Supabase mean: the
 * first row that applies. Of a chain of causes the outermost {@link SQLException} that a row knows
 * counts; without an SQLException in it, a failure is not the connection's.
 *
 * <p>SQLStates alone don't do. PgBouncer's own errors are all 08P01 (its {@code
 * send_pooler_error}), those of Neon's proxy and Supavisor XX000, told apart by their words, which
 * nobody translates. And a statement may fail with a connection's SQLState while the connection is
 * good: {@code DROP DATABASE} of one that isn't there is 3D000, dblink passes on the 08001 of
 * another server, and an extension has the words of a provider in its text. So most rows are for
 * failures that {@link FailureRule.Scope#ENDED} the session.
 *
 * <p>That a peer closed the connection, in whatever way, is {@code SERVER_DOWN}: it may be one
 * session or all, and two of a kind corroborate each other. A silence is {@code CONNECTION_LOST}.
 *
 * <p>It is long, for it is one table: the first row that applies counts, so a reader must have them
 * in one order before his eyes. Only the rows of TLS stand elsewhere, in {@link TlsRules};
 * docs/failures.md prints all of them.
 */
public final class FailureRules {

  private static final String WAIT = "It may be starting or waking up; the pool tries again.";
  private static final String FULL =
      "It has no slot for another connection: lower max-size, close what else is connected, or"
          + " raise max_connections; on Neon use the -pooler host.";
  private static final String NO_PROCESS =
      "It has no process or no memory for another session: lower max-size, close what else is"
          + " connected, or look at its memory and its limit of processes.";
  private static final String PASSWORD =
      "Check user and password, and whether the role may log in to this database (pg_hba.conf).";
  private static final String DATABASE = "Check the database's name in the URL.";
  private static final String NETWORK =
      "Check host and port, that the server runs and listens on this address"
          + " (listen_addresses), and that no firewall is in between.";
  private static final String HBA =
      "pg_hba.conf has no line that lets this role log in to this database from here: have one"
          + " added, or check user, database and host.";
  private static final String LOGIN =
      "Server and client don't agree on how to log in. Check sslmode and requireAuth here, and"
          + " pg_hba.conf there.";
  private static final String PROPERTY =
      "pgjdbc itself refuses a property's value; the server was not asked. Correct it in the URL or"
          + " under properties.";
  private static final String BUFFER = "Raise maxResultBuffer, or leave it out.";
  private static final String SETTINGS =
      "pgjdbc needs client_encoding UTF8 and DateStyle ISO: look what sets them otherwise, on the"
          + " server or in between.";
  private static final String OPTIONS =
      "A pooler is in between that takes no such option at the start: leave it out of options (and"
          + " currentSchema, which is search_path), use ALTER ROLE ... SET or the direct host, and"
          + " set pooler = transaction or session if it is none or auto.";
  private static final String FILES =
      "It has no file descriptor left: raise its limit (ulimit -n), or look for what keeps files and"
          + " sockets open.";
  private static final String ENDPOINT = "Look at the endpoint in Neon's console; check the URL.";
  private static final String RATE =
      "The provider limits how often one may connect: fewer and longer-lived connections (max-size,"
          + " max-lifetime) need fewer connects.";
  private static final String TENANT =
      "Supavisor knows no such user: it is called role.project there (postgres.abcdefgh); check it,"
          + " and the host.";
  private static final String SUPAVISOR_FULL =
      "Supavisor has no slot for another connection: lower max-size, close what else is connected,"
          + " or raise its pool size; its transaction mode (port 6543) lets many share one.";
  private static final String BLOCKED =
      "Supavisor takes no connections for a while after many that failed: look whether the password"
          + " is right, in other programs as well, and whether the database is there.";
  private static final String RDS_FULL =
      "RDS Proxy has no slot for another connection: lower max-size, close what else is connected,"
          + " or raise the proxy's MaxConnectionsPercent.";
  private static final String QUOTA =
      "Look at the quotas of the project in the provider's console.";

  private static final List<FailureRule> BEFORE_TLS =
      List.of(
          // Statements that failed on a good connection
          rule(FATAL, "40|57014|26000", "", null, CONNECTION_LOST),
          rule(ALWAYS, "40001|40P01", "", null, TRANSACTION_CONFLICT),
          rule(ALWAYS, "57014", "", null, STATEMENT_FAILED),
          rule(ALWAYS, "25006", "", null, READ_ONLY_SERVER),

          // What this side remembers and the database has changed since; the second by the name of
          // the server's routine, for its words are translated, and by the names that the driver
          // gives, or a pooler in its place
          rule(ALWAYS, "XX000", "cache lookup failed for type", null, STALE_SESSION),
          rule(ALWAYS, "42704", "type with oid|lookup_type_cache", null, STALE_SESSION),
          rule(
              ALWAYS,
              "0A000",
              "cached plan must not change result type|revalidatecachedquery",
              null,
              STALE_PLAN),
          // PL/pgSQL's, of what a record had in it when the plan was made
          rule(ALWAYS, "42804", "plpgsql_param_eval_", null, STALE_PLAN),
          rule(
              ALWAYS,
              "26000",
              "\"s_|\"pgbouncer_|\"pgcat_|\"sv_|\"supavisor_|\"odyssey_pstmt_",
              null,
              STALE_PLAN),
          // through a pooler that has prepared it anew, for a table that has more columns by now
          rule(ALWAYS, "08P01", "bind message has|portalsetresultformat", null, STALE_PLAN),

          // Neon's proxy: proxy/src/{auth,compute,control_plane} of neondatabase/neon
          rule(ENDED, "XX000", "couldn't connect to compute node", null, SERVER_STARTING, WAIT),
          rule(ENDED, "XX000", "failed to acquire permit to connect", null, OUT_OF_SLOTS, FULL),
          rule(
              ENDED,
              "XX000",
              "too many connections to this endpoint|too many connections attempts",
              null,
              OUT_OF_SLOTS,
              FULL),
          rule(
              ENDED,
              "XX000",
              "endpoint is disabled|endpoint cannot be found|endpoint could not be found|"
                  + "endpoint id is not specified|inconsistent project name|project name is not specified",
              null,
              REFUSED,
              ENDPOINT),
          rule(CONNECTING, "XX000", "connection is insecure", null, REFUSED, TlsRules.ENCRYPT),
          rule(
              ENDED,
              "XX000",
              "is not allowed to connect to this endpoint|from a blocked network",
              null,
              ACCESS_DENIED,
              "Add this machine's address to the endpoint's allowed list in Neon's console."),
          rule(
              ENDED,
              "XX000",
              "endpoint is temporarily unavailable",
              null,
              PROXY_UNAVAILABLE,
              "It may be in maintenance, or a quota used up. " + QUOTA),
          rule(
              CONNECTING,
              "XX000",
              "has exceeded the|have exceeded the|exceeded the limit|quota",
              null,
              REFUSED,
              QUOTA),
          rule(ENDED, "XX000", "rate limit|too many requests", null, OUT_OF_SLOTS, RATE),
          rule(ENDED, "XX000", "control plane request failed", null, PROXY_UNAVAILABLE, WAIT),
          rule(ENDED, "XX000", "unsupported startup parameter", null, REFUSED, OPTIONS),
          rule(ENDED, "XX000", "password authentication failed", null, ACCESS_DENIED, PASSWORD),

          // Supavisor: lib/supavisor/errors of supabase/supavisor, and before it had codes
          rule(
              ENDED,
              "XX000",
              "(emaxconn|max clients reached|maxclientsinsessionmode|max client connections reached|"
                  + "(emaxpoolsreached)|(echeckouttimeout)|unable to check out",
              null,
              OUT_OF_SLOTS,
              SUPAVISOR_FULL),
          rule(ENDED, "XX000", "(ecircuitbreaker)", null, OUT_OF_SLOTS, BLOCKED),
          rule(
              ENDED,
              "XX000",
              "(enotfound)|tenant or user not found|(enoidentifier)|(einvaliduserinfo)|"
                  + "user not found in the database",
              null,
              ACCESS_DENIED,
              TENANT),
          // of this connection it takes no more, of a new one it does
          rule(
              ENDED,
              "XX000",
              "(emaxprepared|max prepared statements limit reached|"
                  + "max prepared statements memory limit reached",
              null,
              STALE_SESSION,
              "Lower preparedStatementCacheQueries: Supavisor keeps 100 statements for each"
                  + " connection."),
          rule(
              ENDED,
              "XX000",
              "(eaddrnotallowed)|not in tenant allow_list",
              null,
              ACCESS_DENIED,
              "Add this machine's address to the project's network restrictions."),
          rule(
              ENDED,
              "XX000",
              "(esslrequired)|ssl connection is required",
              null,
              REFUSED,
              TlsRules.ENCRYPT),
          rule(
              ENDED,
              "XX000",
              "(ebanned)",
              null,
              REFUSED,
              "Look at the project in the provider's console."),

          // RDS Proxy: its documentation, which names no SQLStates
          rule(
              ENDED,
              "",
              "timed-out waiting to acquire database connection|"
                  + "client connections to the proxy exceeded",
              null,
              OUT_OF_SLOTS,
              RDS_FULL),
          rule(
              CONNECTING,
              "",
              "rate of connection to proxy exceeded|"
                  + "failed because of too many competing requests",
              null,
              OUT_OF_SLOTS,
              RATE),

          // PgCat: src/client.rs; Pgpool-II: src/protocol/child.c
          rule(
              ENDED,
              "58000",
              "could not get connection from the pool|checkout failure limit reached",
              null,
              OUT_OF_SLOTS,
              FULL),
          rule(ENDED, "58000", "no pool configured for", null, ACCESS_DENIED, DATABASE),
          // that of a statement, but the driver is told that its transaction is over, which isn't
          rule(ENDED, "58000", "permission for table", null, ACCESS_DENIED),
          rule(ENDED, "58000", "pool statement timeout", null, DEADLINE),
          rule(
              ENDED,
              "58000",
              "terminating connection due to administrator command",
              null,
              SERVER_DOWN,
              WAIT),
          rule(
              ENDED,
              "58000",
              "error receiving data from server|pool down for",
              null,
              SERVER_DOWN,
              "PgCat doesn't reach the server behind it. " + NETWORK),
          rule(ENDED, "XX000", "all backend nodes are down", null, SERVER_DOWN, NETWORK),

          // What the compute said, passed on by the proxy without its SQLState
          rule(
              ENDED,
              "XX000",
              "too many clients already|remaining connection slots",
              null,
              OUT_OF_SLOTS,
              FULL),
          rule(
              ENDED,
              "XX000",
              "the database system is starting up|the database system is shutting down|"
                  + "the database system is in recovery|the database system is not",
              null,
              SERVER_STARTING,
              WAIT),
          rule(CONNECTING, "XX000", "terminating connection due to", null, SERVER_DOWN),
          rule(CONNECTING, "XX000", "does not exist", null, ACCESS_DENIED, PASSWORD),

          // PgBouncer: src/{client,objects,janitor,pooler}.c
          // the second where query_timeout is over before a server connection was free
          rule(POOLER, "08P01", "query_wait_timeout|query_timeout", null, OUT_OF_SLOTS, FULL),
          rule(ENDED, "08P01", "idle transaction timeout", null, CONNECTION_LOST),
          rule(ENDED, "08P01", "query timeout|transaction timeout", null, DEADLINE),
          rule(
              POOLER,
              "08P01",
              "no more connections allowed|client connections exceeded|too many clients",
              null,
              OUT_OF_SLOTS,
              FULL),
          rule(
              POOLER,
              "08P01",
              "authentication failed|no such user|login rejected|auth failed|wrong password type",
              null,
              ACCESS_DENIED,
              PASSWORD),
          rule(POOLER, "08P01", "no such database", null, ACCESS_DENIED, DATABASE),
          rule(
              POOLER,
              "08P01",
              "unsupported startup parameter|unsupported options startup parameter",
              null,
              REFUSED,
              OPTIONS),
          rule(
              POOLER,
              "08P01",
              "not allowed in statement pooling mode",
              null,
              REFUSED,
              "The pooler lends a server connection for a single statement (pool_mode = statement),"
                  + " so that there are no transactions: set pool_mode = transaction there."),
          rule(POOLER, "08P01", "ssl required", null, REFUSED, TlsRules.ENCRYPT),
          rule(
              POOLER,
              "08P01",
              "is disabled",
              null,
              REFUSED,
              "Look at PgBouncer's configuration and log."),
          // also where the server ends while it is asked for a password (auth_query)
          rule(
              POOLER,
              "08P01",
              "bouncer config error",
              null,
              SERVER_DOWN,
              "PgBouncer says so of a login whose server ends while auth_query asks it, too. If it"
                  + " stays so, look at PgBouncer's configuration and log."),
          rule(
              POOLER,
              "08P01",
              "server login has been failing|cannot connect to server|server conn crashed|"
                  + "server dns lookup failed|client_login_timeout|shutting down|shut down|"
                  + "connect failed|server connection closed|server login failed|connect timeout|"
                  + "server down",
              null,
              SERVER_DOWN,
              "PgBouncer doesn't reach the server behind it. " + NETWORK),
          rule(ENDED, "08P01", "", null, CONNECTION_LOST),

          // PostgreSQL: Appendix A of its manual, and the severity
          rule(ENDED, "57P01|57P02", "", null, SERVER_DOWN, WAIT),
          rule(ENDED, "57P03", "", null, SERVER_STARTING, WAIT),
          rule(ENDED, "57P04", "", null, REFUSED, DATABASE),
          rule(ENDED, "57P05|25P03", "", null, CONNECTION_LOST),
          rule(ENDED, "25P04", "", null, DEADLINE),
          rule(ENDED, "53300", "", null, OUT_OF_SLOTS, FULL),
          // our own, of what a postmaster says in its stead
          rule(CONNECTING, "53000", "", null, OUT_OF_SLOTS, NO_PROCESS),
          rule(
              CONNECTING,
              "55000",
              "",
              null,
              ACCESS_DENIED,
              "The database takes no connections: choose another, or ALTER DATABASE ..."
                  + " ALLOW_CONNECTIONS true."),
          rule(CONNECTING, "28000", "no encryption|ssl off", null, ACCESS_DENIED, TlsRules.ENCRYPT),
          rule(
              CONNECTING,
              "28000",
              "requires a valid client certificate",
              null,
              ACCESS_DENIED,
              TlsRules.CLIENT_WANTED),
          rule(
              CONNECTING,
              "28000",
              "of sslcert and sslkey was not sent",
              null,
              ACCESS_DENIED,
              TlsRules.CLIENT_UNSENT),
          rule(
              CONNECTING,
              "28000",
              "certificate authentication failed",
              null,
              ACCESS_DENIED,
              TlsRules.CLIENT_ROLE),
          rule(CONNECTING, "28000", "pg_hba.conf", null, ACCESS_DENIED, HBA),
          rule(ENDED, "28", "", null, ACCESS_DENIED, PASSWORD),
          rule(ENDED, "3D000", "", null, ACCESS_DENIED, DATABASE),
          rule(FATAL, "42501", "", null, ACCESS_DENIED, PASSWORD),
          // the second are RDS Proxy's, which speaks of the option that is called options
          rule(
              FATAL,
              "",
              "unsupported startup parameter|support command-line options",
              null,
              REFUSED,
              OPTIONS),

          // A value that pgjdbc can't read, found before anything was sent
          rule(CONNECTING, "", "", IllegalArgumentException.class, REFUSED, PROPERTY),
          rule(CONNECTING, "", "", ClassNotFoundException.class, REFUSED, PROPERTY),
          rule(DRIVER, "0A|22|42|07006", "", null, REFUSED, PROPERTY),
          rule(
              DRIVER,
              "08001",
              "using the requested protocol|invalid targetservertype value",
              null,
              REFUSED,
              PROPERTY),

          // What pgjdbc gives a connection's SQLState though nothing has happened to it (a value
          // that its class can't take), or though it is the caller's own work that has ended it
          rule(ENDED, "08006", "failed to create object for", null, STATEMENT_FAILED),
          rule(ENDED, "08S01", "exceeded maxresultbuffer limit", null, DEADLINE, BUFFER),
          rule(
              ENDED,
              "08006",
              "client_encoding parameter was changed|datestyle parameter was changed",
              null,
              DEADLINE,
              SETTINGS));

  /** What pgjdbc says where {@code targetServerType} has kept it from the last host. */
  private static final FailureRule NONE_OF_THE_WANTED_KIND =
      rule(
          CONNECTING,
          "08001",
          "targetservertype",
          null,
          SERVER_STARTING,
          "None of the hosts is of the wanted kind now; after a failover one soon may be.");

  private static final List<FailureRule> AFTER_TLS =
      List.of(
          rule(DRIVER, "", "could not be instantiated", null, REFUSED, PROPERTY),

          // This process, which can't open what it waits by; in the system's words
          rule(ENDED, "08", "too many open files", IOException.class, PROCESS_LIMIT, FILES),

          // The network
          rule(
              CONNECTING,
              "08",
              "",
              UnknownHostException.class,
              SERVER_DOWN,
              "Nobody knows this host's name: check the URL, and DNS."),
          rule(CONNECTING, "08", "", ConnectException.class, SERVER_DOWN, NETWORK),
          rule(CONNECTING, "08", "", NoRouteToHostException.class, SERVER_DOWN, NETWORK),
          rule(
              CONNECTING,
              "08",
              "",
              SocketTimeoutException.class,
              SERVER_DOWN,
              "It doesn't answer. " + NETWORK),
          rule(
              CONNECTING,
              "08",
              "",
              DeadlineException.class,
              SERVER_DOWN,
              "It doesn't answer within connect-timeout. " + WAIT + " " + NETWORK),
          rule(ENDED, "08", "", SocketTimeoutException.class, CONNECTION_LOST),
          rule(ENDED, "08", "", SocketClosedException.class, CONNECTION_LOST),
          rule(ENDED, "08", "", EOFException.class, SERVER_DOWN, WAIT),
          rule(ENDED, "08", "", SocketException.class, SERVER_DOWN, WAIT),
          rule(CONNECTING, "08", "", SSLException.class, REFUSED, TlsRules.GENERAL),
          rule(ENDED, "08", "", SSLException.class, CONNECTION_LOST),

          // pgjdbc's own
          rule(
              ENDED,
              "08004",
              "no password was provided|password is an empty",
              null,
              ACCESS_DENIED,
              PASSWORD
                  + " Of several hosts a password file (PGPASSFILE) counts where it has the same"
                  + " for each."),
          rule(CONNECTING, "08004", "does not support ssl", null, REFUSED, TlsRules.NO_TLS),
          rule(ENDED, "08004", "", null, REFUSED, LOGIN),
          NONE_OF_THE_WANTED_KIND,
          // our own
          rule(
              CONNECTING,
              "08001",
              "a lower timeline than",
              null,
              SERVER_STARTING,
              "Stop it, or make it a standby of the new primary (pg_rewind). If the failover was undone"
                  + " on purpose, open the pool anew."),
          rule(CONNECTING, "08001", "", null, SERVER_DOWN, NETWORK),
          rule(ENDED, "08", "", null, CONNECTION_LOST),

          // The rest
          rule(
              CONNECTING,
              "0A|22|26|2F|3F|42",
              "",
              null,
              REFUSED,
              "The server doesn't take what the session begins with: check options, currentSchema"
                  + " and the JVM's time zone."),
          rule(FATAL, "", "", null, CONNECTION_LOST),
          rule(CONNECTING, "", "", null, CONNECTION_LOST));

  static final List<FailureRule> TABLE =
      Stream.of(BEFORE_TLS, TlsRules.TABLE, AFTER_TLS).flatMap(List::stream).toList();

  /**
   * What {@code PGCopyInputStream} throws around whatever has kept it from reading. It says nothing
   * itself: its cause counts.
   */
  private static final FailureRule WRAPPING =
      rule(ENDED, "08006", "read from copy failed", IOException.class, STATEMENT_FAILED);

  private FailureRules() {}

  private static FailureRule rule(
      FailureRule.Scope scope,
      String states,
      String words,
      @Nullable Class<? extends Throwable> cause,
      Verdict verdict) {
    return rule(scope, states, words, cause, verdict, "");
  }

  private static FailureRule rule(
      FailureRule.Scope scope,
      String states,
      String words,
      @Nullable Class<? extends Throwable> cause,
      Verdict verdict,
      String advice) {
    return new FailureRule(scope, states, words, cause, verdict, advice);
  }

  /** What a failure means, whenever it happened. */
  public static Verdict classify(Throwable failure) {
    return FailureChain.of(failure).verdict(FailureRules::verdict);
  }

  private static @Nullable Verdict verdict(SQLException failure) {
    if (failure instanceof ConnectFailure known) {
      return known.verdict();
    }
    FailureRule rule = WRAPPING.applies(failure, false) ? null : find(failure, false);
    return rule == null ? null : rule.verdict();
  }

  /** The row for a failure to open a connection; there is one for every failure. */
  static FailureRule whileConnecting(SQLException failure) {
    FailureRule rule = find(failure, true);
    if (rule == null) {
      throw new IllegalStateException("no rule for " + failure.getSQLState());
    }
    return rule;
  }

  static boolean isNoneOfTheWantedKind(SQLException failure) {
    return whileConnecting(failure).equals(NONE_OF_THE_WANTED_KIND);
  }

  static @Nullable FailureRule find(SQLException failure, boolean connecting) {
    for (FailureRule rule : TABLE) {
      if (rule.applies(failure, connecting)) {
        return rule;
      }
    }
    return null;
  }
}
