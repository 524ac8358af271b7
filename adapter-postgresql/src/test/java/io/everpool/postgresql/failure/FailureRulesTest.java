package io.everpool.postgresql.failure;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import io.everpool.postgresql.socket.DeadlineException;
import io.everpool.postgresql.socket.SocketClosedException;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.NoSuchFileException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/**
 * Every row of the table by the words of those who say them: PostgreSQL, PgBouncer and other
 * poolers, Neon, Supavisor and pgjdbc, in exceptions as pgjdbc makes them. Failures really provoked
 * are in RealFailuresTest.
 */
class FailureRulesTest {

  /** What happened, when, and what it means. */
  record Sample(boolean connecting, SQLException failure, Verdict verdict) {}

  private static SQLException server(String severity, String state, String message) {
    return new PSQLException(
        new ServerErrorMessage("S" + severity + "\0C" + state + "\0M" + message + "\0"), true);
  }

  private static SQLException driver(String state, String message, @Nullable Throwable cause) {
    for (PSQLState known : PSQLState.values()) {
      if (known.getState().equals(state)) {
        return new PSQLException(message, known, cause);
      }
    }
    throw new AssertionError("pgjdbc has no state " + state);
  }

  private static Sample using(SQLException failure, Verdict verdict) {
    return new Sample(false, failure, verdict);
  }

  private static Sample connecting(SQLException failure, Verdict verdict) {
    return new Sample(true, failure, verdict);
  }

  private static SQLException neon(String message) {
    return server("ERROR", "XX000", message);
  }

  private static SQLException bouncer(String message) {
    return server("FATAL", "08P01", message);
  }

  /** Both while connecting and when a transaction begins; and it is no statement's own failure. */
  private static void supavisor(List<Sample> samples, Verdict verdict, String... texts) {
    for (String text : texts) {
      samples.add(connecting(server("FATAL", "XX000", text), verdict));
      samples.add(using(server("FATAL", "XX000", text), verdict));
      samples.add(using(server("ERROR", "XX000", text), Verdict.STATEMENT_FAILED));
    }
  }

  static List<Sample> samples() {
    List<Sample> samples = new ArrayList<>();
    // Statements
    samples.add(
        using(
            server("ERROR", "40001", "could not serialize access due to concurrent update"),
            Verdict.TRANSACTION_CONFLICT));
    samples.add(using(server("ERROR", "40P01", "deadlock detected"), Verdict.TRANSACTION_CONFLICT));
    samples.add(
        using(
            server("FATAL", "40001", "terminating connection due to conflict with recovery"),
            Verdict.CONNECTION_LOST));
    samples.add(
        using(
            server("ERROR", "57014", "canceling statement due to statement timeout"),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "25006", "cannot execute INSERT in a read-only transaction"),
            Verdict.READ_ONLY_SERVER));
    samples.add(using(server("ERROR", "0A000", "not implemented"), Verdict.STATEMENT_FAILED));
    // What the database has changed under this side's memory
    samples.add(
        using(
            server("ERROR", "0A000", "cached plan must not change result type"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("FEHLER", "0A000", "gecachter Plan darf x\0RRevalidateCachedQuery"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("FEHLER", "42804", "Typ von Parameter 14\0Rplpgsql_param_eval_recfield"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("ERROR", "42804", "type of parameter 2\0Rplpgsql_param_eval_generic_ro"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("ERROR", "42804", "column \"a\" is of type\0Rtransformassignedexpr"),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "26000", "prepared statement \"S_12\" does not exist"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("FEHLER", "26000", "vorbereitete Anweisung »S_1« existiert nicht"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("ERREUR", "26000", "l'instruction préparée « S_1 » n'existe pas"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("ERREUR", "26000", "l'instruction préparée «\u00a0S_1\u00a0» n'existe pas"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("ERROR", "26000", "no existe la sentencia preparada «S_1»"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("FEHLER", "26000", "vorbereitete Anweisung »deins_1« existiert nicht"),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "26000", "prepared statement \"PGBOUNCER_7\" does not exist"),
            Verdict.STALE_PLAN));
    for (String name : List.of("PGCAT_7", "sv_n4bQ", "supavisor_-57", "odyssey_pstmt_7")) {
      samples.add(
          using(
              server("ERROR", "26000", "prepared statement \"" + name + "\" does not exist"),
              Verdict.STALE_PLAN));
    }
    samples.add(
        using(
            server("ERROR", "08P01", "bind message has 2 result formats but query has 3 columns"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("FEHLER", "08P01", "Binden-Nachricht hat\0RPortalSetResultFormat"),
            Verdict.STALE_PLAN));
    samples.add(
        using(
            server("ERROR", "26000", "prepared statement \"mine\" does not exist"),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "XX000", "cache lookup failed for type 16385"), Verdict.STALE_SESSION));
    samples.add(
        using(
            server("ERROR", "42704", "type with OID 16385 does not exist"), Verdict.STALE_SESSION));
    samples.add(
        using(
            server("FEHLER", "42704", "Typ mit OID 16385 existiert nicht\0Rlookup_type_cache"),
            Verdict.STALE_SESSION));
    samples.add(
        using(server("ERROR", "42704", "type \"mood\" does not exist"), Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("FEHLER", "42704", "Typ »mood« existiert nicht\0RtypenameType"),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "23505", "duplicate key value violates unique constraint"),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "XX000", "cache lookup failed for relation 1"),
            Verdict.STATEMENT_FAILED));
    samples.add(using(server("ERROR", "53200", "out of memory"), Verdict.STATEMENT_FAILED));
    samples.add(using(server("ERROR", "55P03", "could not obtain lock"), Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "XX000", "disk quota exceeded for this table"),
            Verdict.STATEMENT_FAILED));
    // A statement's failure with a connection's state, in several languages
    samples.add(
        using(server("ERROR", "3D000", "database \"x\" does not exist"), Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "08001", "could not establish connection"), Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("FEHLER", "08003", "Verbindung »x« nicht verfügbar"), Verdict.STATEMENT_FAILED));
    samples.add(using(server("ОШИБКА", "08006", "x"), Verdict.STATEMENT_FAILED));
    samples.add(using(server("ERROR", "28000", "x"), Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "53300", "too many connections for dblink"), Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("ERROR", "08P01", "bind message supplies 1 parameters"),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(server("ERROR", "42501", "permission denied for table t"), Verdict.STATEMENT_FAILED));
    // Neon
    samples.add(connecting(neon("Couldn't connect to compute node"), Verdict.SERVER_STARTING));
    samples.add(
        connecting(
            neon(
                "Failed to acquire permit to connect to the database. Too many"
                    + " database connection attempts are currently ongoing."),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            neon("Too many connections to this endpoint. Please try again later."),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(neon("Control plane request failed: endpoint is disabled"), Verdict.REFUSED));
    samples.add(
        connecting(
            neon("Control plane request failed: endpoint cannot be found"), Verdict.REFUSED));
    samples.add(
        connecting(
            neon(
                "The requested endpoint could not be found, or you don't have access to it. Please"
                    + " check the provided ID and try again."),
            Verdict.REFUSED));
    samples.add(
        connecting(neon("connection is insecure (try using `sslmode=require`)"), Verdict.REFUSED));
    samples.add(
        connecting(
            neon(
                "Endpoint ID is not specified. Either please upgrade the postgres"
                    + " client library (libpq) for SNI support or pass the endpoint ID"),
            Verdict.REFUSED));
    samples.add(
        connecting(
            neon("This IP address 1.2.3.4 is not allowed to connect to this endpoint."),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            neon(
                "Control plane request failed: endpoint is temporarily unavailable."
                    + " Check your quotas and/or contact our support."),
            Verdict.PROXY_UNAVAILABLE));
    samples.add(
        connecting(
            neon("Your account or project has exceeded the compute time quota."), Verdict.REFUSED));
    samples.add(connecting(neon("Control plane request failed"), Verdict.PROXY_UNAVAILABLE));
    samples.add(
        connecting(
            neon("unsupported startup parameter: options. Please use unpooled" + " connection"),
            Verdict.REFUSED));
    samples.add(
        connecting(neon("password authentication failed for user 'joe'"), Verdict.ACCESS_DENIED));
    samples.add(connecting(neon("sorry, too many clients already"), Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            neon(
                "remaining connection slots are reserved for roles with the"
                    + " SUPERUSER attribute"),
            Verdict.OUT_OF_SLOTS));
    samples.add(connecting(neon("the database system is starting up"), Verdict.SERVER_STARTING));
    samples.add(
        connecting(
            neon("terminating connection due to administrator command"), Verdict.SERVER_DOWN));
    samples.add(connecting(neon("database \"x\" does not exist"), Verdict.ACCESS_DENIED));
    samples.add(connecting(neon("something new"), Verdict.CONNECTION_LOST));
    // Supavisor, from 2026 on with a code in front, and before
    supavisor(
        samples,
        Verdict.OUT_OF_SLOTS,
        "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to"
            + " pool_size: 15",
        "(EMAXCONN) max client connections reached, limit: 200",
        "(EMAXPOOLSREACHED) max pools count reached",
        "(ECHECKOUTTIMEOUT) unable to check out connection from the pool after 15000ms in Session"
            + " mode",
        "Unable to check out connection from the pool due to timeout",
        "Unable to check out process from the pool due to timeout",
        "MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to"
            + " pool_size",
        "Max client connections reached",
        "(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily"
            + " blocked");
    supavisor(
        samples,
        Verdict.ACCESS_DENIED,
        "(ENOTFOUND) tenant/user postgres.abcdefgh not found",
        "Tenant or user not found",
        "(ENOIDENTIFIER) no tenant identifier provided (external_id or sni_hostname required)",
        "(EINVALIDUSERINFO) Authentication error, reason: \"Invalid format for user or db_name\"",
        "(EAUTHQUERY) user not found in the database",
        "(EADDRNOTALLOWED) address not in tenant allow_list: {10, 0, 0, 1}",
        "Address not in tenant allow_list: {10, 0, 0, 1}");
    supavisor(
        samples,
        Verdict.REFUSED,
        "(ESSLREQUIRED) SSL connection is required for user: postgres.abcdefgh",
        "SSL connection is required",
        "(EBANNED) tenant is banned: abuse");
    supavisor(
        samples,
        Verdict.STALE_SESSION,
        "(EMAXPREPARED) max prepared statements limit reached. Limit: 100 per connection",
        "(EMAXPREPAREDMEM) max prepared statements memory limit reached. Limit: 1.0MB per"
            + " connection",
        "Max prepared statements limit reached. Limit: 100 per connection",
        "max prepared statements memory limit reached. Limit: 1.0MB per connection");
    supavisor(
        samples,
        Verdict.CONNECTION_LOST,
        "(EDBHANDLEREXITED) DbHandler exited. Check logs for more information");
    samples.add(
        using(
            server(
                "FATAL", "26000", "(EPREPAREDNOTFOUND) prepared statement \"S_1\" does not exist"),
            Verdict.CONNECTION_LOST));
    // RDS Proxy
    samples.add(
        using(
            server("FATAL", "08000", "Timed-out waiting to acquire database connection."),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        using(
            server("ERROR", "08000", "Timed-out waiting to acquire database connection."),
            Verdict.STATEMENT_FAILED));
    samples.add(
        connecting(
            server(
                "FATAL",
                "28000",
                "The IAM authentication failed because of too many competing requests."),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            server("FATAL", "08004", "Rate of connection to proxy exceeded 100."),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            server(
                "FATAL",
                "08004",
                "The maximum number of client connections to the proxy exceeded 100."),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            server(
                "FATAL",
                "0A000",
                "Feature not supported: RDS Proxy currently doesn’t support command-line options."),
            Verdict.REFUSED));
    // PgCat, whose severity is always FATAL
    samples.add(
        using(
            server("FATAL", "58000", "could not get connection from the pool - AllServersDown"),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        using(
            server("FATAL", "58000", "checkout failure limit reached (3 / 3)"),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            server("FATAL", "58000", "No pool configured for database: \"x\", user: \"joe\""),
            Verdict.ACCESS_DENIED));
    samples.add(
        using(
            server("FATAL", "58000", "permission for table \"t\" denied"), Verdict.ACCESS_DENIED));
    samples.add(using(server("FATAL", "58000", "pool statement timeout"), Verdict.DEADLINE));
    samples.add(
        using(server("ERROR", "58000", "pool statement timeout"), Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            server("FATAL", "58000", "terminating connection due to administrator command"),
            Verdict.SERVER_DOWN));
    samples.add(
        connecting(
            server("FATAL", "58000", "terminating connection due to administrator command"),
            Verdict.SERVER_DOWN));
    samples.add(
        using(
            server("FATAL", "58000", "error receiving data from server: SocketError"),
            Verdict.SERVER_DOWN));
    samples.add(
        connecting(
            server("FATAL", "58000", "Pool down for database: \"x\", user: \"joe\""),
            Verdict.SERVER_DOWN));
    samples.add(
        using(server("FATAL", "58000", "idle transaction timeout"), Verdict.CONNECTION_LOST));
    // Pgpool-II and Odyssey
    samples.add(
        connecting(
            server("FATAL", "53300", "Sorry, too many clients already"), Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            server(
                "ERROR",
                "XX000",
                "all backend nodes are down, pgpool requires at least one valid node"),
            Verdict.SERVER_DOWN));
    samples.add(
        using(
            server(
                "FATAL",
                "53300",
                "too many active clients for user (pool_size for user d.u reached 1)"),
            Verdict.OUT_OF_SLOTS));
    // PgBouncer
    samples.add(using(bouncer("query_wait_timeout"), Verdict.OUT_OF_SLOTS));
    samples.add( // as before 1.16, which called nothing FATAL
        using(server("ERROR", "08P01", "query_wait_timeout"), Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(bouncer("no more connections allowed (max_client_conn)"), Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            bouncer("client connections exceeded (max_db_client_connections)"),
            Verdict.OUT_OF_SLOTS));
    samples.add(connecting(bouncer("SASL authentication failed"), Verdict.ACCESS_DENIED));
    samples.add(connecting(bouncer("no such user: joe"), Verdict.ACCESS_DENIED));
    samples.add(connecting(bouncer("no such database: x"), Verdict.ACCESS_DENIED));
    samples.add(connecting(bouncer("unsupported startup parameter: options"), Verdict.REFUSED));
    samples.add(
        connecting(
            bouncer("transaction blocks not allowed in statement pooling mode"), Verdict.REFUSED));
    samples.add(connecting(bouncer("SSL required"), Verdict.REFUSED));
    samples.add(connecting(bouncer("database \"x\" is disabled"), Verdict.REFUSED));
    samples.add(using(bouncer("server conn crashed?"), Verdict.SERVER_DOWN));
    samples.add(connecting(bouncer("bouncer config error"), Verdict.SERVER_DOWN));
    samples.add(
        connecting(
            bouncer("server login has been failing, try again later" + " (server_login_retry)"),
            Verdict.SERVER_DOWN));
    samples.add(using(bouncer("query_timeout"), Verdict.OUT_OF_SLOTS)); // it has only waited
    samples.add(using(bouncer("query timeout"), Verdict.DEADLINE));
    samples.add(using(bouncer("transaction timeout"), Verdict.DEADLINE));
    samples.add(using(bouncer("idle transaction timeout"), Verdict.CONNECTION_LOST));
    samples.add(using(bouncer("client_idle_timeout"), Verdict.CONNECTION_LOST));
    // PostgreSQL
    samples.add(
        using(
            server("FATAL", "57P01", "terminating connection due to administrator command"),
            Verdict.SERVER_DOWN));
    samples.add(
        using(
            server(
                "FATAL",
                "57P02",
                "terminating connection because of crash of another" + " server process"),
            Verdict.SERVER_DOWN));
    samples.add(
        connecting(
            server("FATAL", "57P03", "the database system is starting up"),
            Verdict.SERVER_STARTING));
    samples.add(
        using(
            server("FATAL", "57P04", "terminating connection because database was dropped"),
            Verdict.REFUSED));
    samples.add(
        using(
            server("FATAL", "57P05", "terminating connection due to idle-session timeout"),
            Verdict.CONNECTION_LOST));
    samples.add(
        using(
            server(
                "FATAL", "25P03", "terminating connection due to idle-in-transaction" + " timeout"),
            Verdict.CONNECTION_LOST));
    samples.add(
        using(
            server("FATAL", "25P04", "terminating connection due to transaction timeout"),
            Verdict.DEADLINE));
    samples.add(
        connecting(
            server("FATAL", "53300", "sorry, too many clients already"), Verdict.OUT_OF_SLOTS));
    samples.add( // ours, of what a postmaster has said
        connecting(
            new SQLException("The server can't begin another session", "53000"),
            Verdict.OUT_OF_SLOTS));
    samples.add(
        connecting(
            server("FATAL", "28P01", "password authentication failed for user \"joe\""),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            server("FATAL", "28000", "no pg_hba.conf entry for host"), Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            server("FATAL", "3D000", "database \"x\" does not exist"), Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            server("FATAL", "42501", "permission denied for database \"x\""),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(server("ВАЖНО", "42501", "нет доступа к базе данных"), Verdict.ACCESS_DENIED));
    samples.add(
        connecting(server("ÖLÜMCÜL", "42501", "x veritabanına erişim"), Verdict.ACCESS_DENIED));
    samples.add(
        connecting(server("შეცდომა", "42501", "of a query at its beginning"), Verdict.REFUSED));
    samples.add(
        connecting(
            server("FATAL", "0A000", "unsupported startup parameter: foo"), Verdict.REFUSED));
    samples.add(
        connecting(
            server("FATAL", "42704", "unrecognized configuration parameter \"x\""),
            Verdict.REFUSED));
    samples.add(
        using(server("PANIC", "58030", "could not write to log file"), Verdict.CONNECTION_LOST));
    // TLS
    samples.add(
        connecting(
            driver("08006", "SSL error", handshake(new CertificateException("x"))),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08006", "SSL error", handshake(new CertPathValidatorException("x"))),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver(
                "08006",
                "The hostname h could not be verified by hostnameverifier"
                    + " PgjdbcHostnameVerifier.",
                null),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver(
                "08006",
                "Could not open SSL root certificate file",
                new FileNotFoundException("x")),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08006", "Could not read SSL key file", new NoSuchFileException("x")),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08006", "SSL error", new SSLHandshakeException("no cipher")), Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08006", "SSL error", handshake(new EOFException())), Verdict.SERVER_DOWN));
    samples.add(
        using(
            driver("08006", "An I/O error", new SSLException("bad record")),
            Verdict.CONNECTION_LOST));
    samples.add(
        connecting(
            driver("08006", "Could not open it", new NoSuchFileException("x")), Verdict.REFUSED));
    samples.add(
        connecting(
            driver(
                "08006",
                "SSL error",
                new SSLHandshakeException("Received fatal alert: unknown_ca")),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver(
                "08001",
                "The server ended the TLS handshake that sslnegotiation=direct begins with",
                new EOFException()),
            Verdict.REFUSED));
    String[] words = {
      "Loading the SSL certificate c into a KeyManager failed.",
      "Could not read password for SSL key file, console is not available.",
      "Could not decrypt SSL key file k.",
      "private key file \"k\" has group or world access",
      "Channel Binding is required, but SSL is not in use",
      "Channel binding is required, but server requested 'md5' authentication."
    };
    for (String text : words) {
      samples.add(connecting(driver("08006", text, null), Verdict.REFUSED));
    }
    String[] alerts = {
      "decrypt_error", "certificate_expired", "certificate_required", "protocol_version"
    };
    for (String alert : alerts) {
      SSLHandshakeException fatal = new SSLHandshakeException("Received fatal alert: " + alert);
      samples.add(connecting(driver("08006", "SSL error", fatal), Verdict.REFUSED));
    }
    samples.add(
        connecting(
            driver("08006", "SSL error", handshake(new CertificateExpiredException("x"))),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08006", "SSL error", handshake(new CertificateNotYetValidException("x"))),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08006", "The certificate store", new FileNotFoundException("x")),
            Verdict.REFUSED));
    // Logins that the server refuses for another reason than the password
    samples.add(
        connecting(
            server("FATAL", "28000", "certificate authentication failed for user \"joe\""),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            new SQLException("and the one of sslcert and sslkey was not sent", "28000"),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            server("FATAL", "55000", "database \"x\" is not currently accepting connections"),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            server("FATAL", "28000", "no pg_hba.conf entry for host \"h\", no encryption"),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            server("FATAL", "28000", "connection requires a valid client certificate"),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(
            server("FATAL", "28000", "no pg_hba.conf entry for host \"h\", SSL encryption"),
            Verdict.ACCESS_DENIED));
    samples.add(connecting(neon("Rate limit exceeded"), Verdict.OUT_OF_SLOTS));
    // What pgjdbc refuses itself, before the server is asked
    samples.add(
        connecting(
            driver("08001", "Something unusual", new NumberFormatException("x")), Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08006", "The class x", new ClassNotFoundException("x")), Verdict.REFUSED));
    samples.add(
        connecting(
            driver("22023", "prepareThreshold parameter value must be an integer", null),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08001", "A connection could not be made using the requested protocol x.", null),
            Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08001", "Invalid targetServerType value: primry", null), Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08006", "The SSLSocketFactory class x could not be instantiated.", null),
            Verdict.REFUSED));
    // The network
    samples.add(connecting(attempt(new UnknownHostException("h")), Verdict.SERVER_DOWN));
    samples.add(connecting(attempt(new ConnectException("refused")), Verdict.SERVER_DOWN));
    samples.add(connecting(attempt(new NoRouteToHostException("h")), Verdict.SERVER_DOWN));
    samples.add(connecting(attempt(new SocketTimeoutException("t")), Verdict.SERVER_DOWN));
    samples.add(connecting(attempt(new DeadlineException()), Verdict.SERVER_DOWN));
    samples.add(connecting(attempt(new EOFException()), Verdict.SERVER_DOWN));
    samples.add(
        using(broken(new SocketTimeoutException("Read timed out")), Verdict.CONNECTION_LOST));
    samples.add(using(broken(new SocketClosedException()), Verdict.CONNECTION_LOST));
    samples.add(using(broken(new EOFException()), Verdict.SERVER_DOWN));
    samples.add(using(broken(new SocketException("Connection reset")), Verdict.SERVER_DOWN));
    samples.add(using(broken(new SocketException("Too many open files")), Verdict.PROCESS_LIMIT));
    samples.add(using(broken(new IOException("Broken pipe")), Verdict.CONNECTION_LOST));
    // pgjdbc
    samples.add(
        connecting(
            driver(
                "08004",
                "The server requested SCRAM-based authentication, but no"
                    + " password was provided.",
                null),
            Verdict.ACCESS_DENIED));
    samples.add(
        connecting(driver("08004", "The server does not support SSL.", null), Verdict.REFUSED));
    samples.add(
        connecting(
            driver("08004", "The authentication type 7 is not supported.", null), Verdict.REFUSED));
    samples.add(
        connecting(
            driver(
                "08001",
                "Could not find a server with specified targetServerType:" + " primary",
                null),
            Verdict.SERVER_STARTING));
    samples.add(
        connecting(new Timelines.Superseded("old:5432", "7", 1, 2), Verdict.SERVER_STARTING));
    samples.add(
        connecting(driver("08001", "Connection attempt timed out.", null), Verdict.SERVER_DOWN));
    samples.add(
        using(driver("08003", "This connection has been closed.", null), Verdict.CONNECTION_LOST));
    samples.add(using(new SQLException("closed", "08003"), Verdict.CONNECTION_LOST));
    samples.add(using(new SQLException("no state at all"), Verdict.STATEMENT_FAILED));
    // pgjdbc, of a connection that nothing has happened to
    samples.add(
        using(
            driver("08006", "Failed to create object for: mood.", new IllegalArgumentException()),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            driver("08006", "Failed to create object for: mood.", new SocketException("http")),
            Verdict.STATEMENT_FAILED));
    samples.add(
        using(
            driver("08006", "Failed to create object for: x.", new CertificateException("x")),
            Verdict.STATEMENT_FAILED));
    // and of one that the caller's own work has ended
    samples.add(
        using(
            driver(
                "08S01",
                "Result set exceeded maxResultBuffer limit. Received:  2048; Current limit: 1024",
                null),
            Verdict.DEADLINE));
    samples.add(
        using(
            driver("08006", "The server's client_encoding parameter was changed to LATIN1.", null),
            Verdict.DEADLINE));
    samples.add(
        using(
            driver("08006", "The server's DateStyle parameter was changed to SQL, DMY.", null),
            Verdict.DEADLINE));
    return samples;
  }

  private static IOException handshake(Exception cause) {
    SSLHandshakeException failure = new SSLHandshakeException("handshake");
    failure.initCause(cause);
    return failure;
  }

  private static SQLException attempt(IOException cause) {
    return driver("08001", "The connection attempt failed.", cause);
  }

  private static SQLException broken(IOException cause) {
    return driver("08006", "An I/O error occurred while sending to the backend.", cause);
  }

  @ParameterizedTest
  @MethodSource("samples")
  void aFailureMeansWhatTheTableSays(Sample sample) {
    Verdict verdict =
        sample.connecting()
            ? FailureRules.classify(ConnectFailure.of(sample.failure(), "h:5432/d"))
            : FailureRules.classify(sample.failure());
    assertThat(verdict).isEqualTo(sample.verdict());
  }

  /** A row that no sample needs is wrong, shadowed or untested. */
  @Test
  void everyRowIsNeeded() {
    Set<FailureRule> unused = new LinkedHashSet<>(FailureRules.TABLE);
    for (Sample sample : samples()) {
      FailureRule rule = FailureRules.find(sample.failure(), sample.connecting());
      if (rule != null) {
        unused.remove(rule);
      }
    }
    assertThat(unused).isEmpty();
  }

  /**
   * An extension's failure, whose text is another server's: of the provider of a service, or what a
   * foreign table's pooler has said. The session goes on.
   */
  @Test
  void aProxysWordsInAStatementsFailureAreNotTheProxys() {
    Set<Verdict> ofThisSession = Set.of(Verdict.STALE_PLAN, Verdict.STALE_SESSION);
    for (FailureRule rule : FailureRules.TABLE) {
      for (String state : List.of("XX000", "08P01")) {
        if (rule.states().contains(state) && !ofThisSession.contains(rule.verdict())) {
          for (String word : rule.words()) {
            String text = "it says: " + word + "\0Rpgfdw_report_error";
            assertThat(FailureRules.classify(server("ERROR", state, text)))
                .as("%s %s", state, word)
                .isEqualTo(Verdict.STATEMENT_FAILED);
          }
        }
      }
    }
    assertThat(
            FailureRules.classify(
                server("ERROR", "XX000", "HTTP status client error (429 Too Many Requests)")))
        .isEqualTo(Verdict.STATEMENT_FAILED);
  }

  @Test
  void causesAreLookedThrough() {
    SQLException lost = server("FATAL", "57P01", "terminating connection");
    assertThat(FailureRules.classify(new RuntimeException(new IllegalStateException(lost))))
        .isEqualTo(Verdict.SERVER_DOWN);
    assertThat(FailureRules.classify(new SQLException("wrapped", "HY000", lost)))
        .isEqualTo(Verdict.SERVER_DOWN);
    SQLException connect = ConnectFailure.of(attempt(new ConnectException("x")), "h:1/d");
    assertThat(FailureRules.classify(new RuntimeException(connect))).isEqualTo(Verdict.SERVER_DOWN);
  }

  /** A batch's exception has the SQLState of what it was made of, and the statement's text. */
  private static BatchUpdateException batch(SQLException failed, String sql) {
    return new BatchUpdateException(
        "Batch entry 0 " + sql + " was aborted: " + failed.getMessage(),
        failed.getSQLState(),
        0,
        new int[0],
        failed);
  }

  /** What the server has said counts, and not that somebody has put it into another exception. */
  @ParameterizedTest
  @CsvSource({
    "ERROR, 08001, STATEMENT_FAILED",
    "ERROR, 08006, STATEMENT_FAILED",
    "ERROR, 08P01, STATEMENT_FAILED",
    "ERROR, 3D000, STATEMENT_FAILED",
    "ERROR, 28000, STATEMENT_FAILED",
    "ERROR, 53300, STATEMENT_FAILED",
    "ERROR, 57P01, STATEMENT_FAILED",
    "ERROR, 57P03, STATEMENT_FAILED",
    "ERROR, 25P03, STATEMENT_FAILED",
    "ERROR, 25P04, STATEMENT_FAILED",
    "FEHLER, 08001, STATEMENT_FAILED",
    "შეცდომა, 08006, STATEMENT_FAILED",
    "შეცდომა, 57P01, STATEMENT_FAILED",
    "ВАЖНО, 40001, CONNECTION_LOST",
    "ფატალური, 57014, CONNECTION_LOST",
    "致命错误, XX000, CONNECTION_LOST",
    "HIBA, 23505, STATEMENT_FAILED",
    "FATAL, 57P01, SERVER_DOWN",
    "FATAL, 08006, CONNECTION_LOST",
    "FATAL, 40001, CONNECTION_LOST",
    "FATAL, XX000, CONNECTION_LOST",
    "ERROR, 40001, TRANSACTION_CONFLICT"
  })
  void whatAroundAServersFailureHasItsStateSaysNoMore(
      String severity, String state, Verdict expected) {
    SQLException said = server(severity, state, "could not connect to server \"remote\"");
    assertThat(FailureRules.classify(said)).isEqualTo(expected);
    assertThat(FailureRules.classify(batch(said, "insert into t values (1)"))).isEqualTo(expected);
    assertThat(FailureRules.classify(new SQLException("wrapped", state, said))).isEqualTo(expected);
    SQLException beside = new BatchUpdateException("a batch", state, new int[0]);
    beside.setNextException(said);
    assertThat(FailureRules.classify(beside)).isEqualTo(expected);
    SQLException asPgjdbc = batch(said, "insert into t values (1)");
    asPgjdbc.setNextException(said);
    assertThat(FailureRules.classify(asPgjdbc)).isEqualTo(expected);
  }

  /** The text of a statement may have any words. */
  @Test
  void theStatementsOfABatchAreNoWordsOfTheServers() {
    SQLException said = server("ERROR", "0A000", "not implemented");
    assertThat(FailureRules.classify(batch(said, "cached plan must not change result type")))
        .isEqualTo(Verdict.STATEMENT_FAILED);
  }

  /** A loss is behind the first failure of a batch, or it is all there is. */
  @Test
  void aConnectionThatABatchHasLostIsLost() {
    SQLException refused = server("ERROR", "23505", "duplicate key");
    SQLException batch = batch(refused, "insert into t values (1)");
    batch.setNextException(refused);
    refused.setNextException(server("FATAL", "57P01", "terminating connection"));
    assertThat(FailureRules.classify(batch)).isEqualTo(Verdict.SERVER_DOWN);
    SQLException broken = broken(new SocketException("Connection reset"));
    assertThat(FailureRules.classify(batch(broken, "insert"))).isEqualTo(Verdict.SERVER_DOWN);
    assertThat(FailureRules.classify(new SQLException("of another driver", "08006")))
        .isEqualTo(Verdict.CONNECTION_LOST);
  }

  /** What reads from a COPY wraps what has kept it from reading, be it the COPY's own failure. */
  @Test
  void aCopyThatCannotBeReadMeansWhatItsCauseMeans() {
    assertThat(FailureRules.classify(unread(server("ERROR", "22012", "division by zero"))))
        .isEqualTo(Verdict.STATEMENT_FAILED);
    assertThat(FailureRules.classify(unread(server("ERROR", "40001", "could not serialize"))))
        .isEqualTo(Verdict.TRANSACTION_CONFLICT);
    assertThat(FailureRules.classify(unread(broken(new EOFException()))))
        .isEqualTo(Verdict.SERVER_DOWN);
    assertThat(FailureRules.classify(unread(broken(new IOException("Broken pipe")))))
        .isEqualTo(Verdict.CONNECTION_LOST);
    assertThat(FailureRules.classify(driver("08006", "Read from copy failed.", new IOException())))
        .as("by a stream that was closed")
        .isEqualTo(Verdict.STATEMENT_FAILED);
  }

  private static SQLException unread(SQLException cause) {
    return driver(
        "08006",
        "Read from copy failed.",
        new IOException("Copying from database failed: " + cause.getMessage(), cause));
  }

  /** An application may time out on something that isn't the database. */
  @Test
  void aFailureWithoutAnSqlExceptionIsTheCallers() {
    assertThat(FailureRules.classify(new RuntimeException(new SocketTimeoutException("http"))))
        .isEqualTo(Verdict.STATEMENT_FAILED);
    assertThat(FailureRules.classify(new IllegalStateException()))
        .isEqualTo(Verdict.STATEMENT_FAILED);
  }

  @Test
  void causesThatGoInCirclesAreLeftAtSomePoint() {
    RuntimeException one = new RuntimeException("one");
    RuntimeException two = new RuntimeException("two", one);
    one.initCause(two);
    assertThat(FailureRules.classify(one)).isEqualTo(Verdict.STATEMENT_FAILED);
    SQLException sql = new SQLException("circle", "08006");
    sql.initCause(new RuntimeException(sql));
    assertThat(FailureRules.classify(sql)).isEqualTo(Verdict.CONNECTION_LOST);
    assertThat(ConnectFailure.of(sql, "h:1/d").getMessage()).contains("circle");
  }
}
