package io.everpool.postgresql.failure;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A connection couldn't be opened. An SQLException of the family that says whether it is worth
 * trying again, with the original as its cause, its SQLState, and advice. The original is left out
 * where it quotes what may be a secret.
 */
public interface ConnectFailure {

  /** {@link #meaning} of a server that has to go. */
  String NO_OTHER = "No other host takes its place yet.";

  /** What it means. */
  Verdict verdict();

  /**
   * Says where to and what to do.
   *
   * @param original which quotes no secret
   */
  static SQLException of(SQLException original, String target) {
    String others = passedOver(original) + others(OtherHost.suppressedBy(original));
    return of(original, target, said(original), others, original);
  }

  /**
   * The same of one that does.
   *
   * @param quoted where that stands, in words
   */
  static SQLException hiding(SQLException original, String target, String quoted) {
    String said = "what was said of it isn't shown, for it quotes " + quoted + ".";
    SQLException hiding = of(original, target, said, "", null);
    OtherHost.suppressedBy(original).forEach(other -> hiding.addSuppressed(other.hidden()));
    return hiding;
  }

  private static SQLException of(
      SQLException original,
      String target,
      String said,
      String others,
      @Nullable SQLException cause) {
    FailureRule rule = FailureRules.whileConnecting(original);
    Verdict verdict = rule.verdict();
    String message =
        "Cannot connect to PostgreSQL at "
            + target
            + ": "
            + said
            + " "
            + (original instanceof Timelines.Superseded ? NO_OTHER : meaning(verdict))
            + " "
            + rule.advice()
            + others;
    return verdict.reconnectable()
        ? new Transient(message.strip(), original, cause, verdict)
        : new Lasting(message.strip(), original, cause, verdict);
  }

  /** Whether it is worth trying again. */
  static boolean mayPass(SQLException original) {
    return FailureRules.whileConnecting(original).verdict().reconnectable();
  }

  /** The failure, and what it has suppressed of other hosts. */
  static List<SQLException> ofEachHost(SQLException original) {
    List<SQLException> all = new ArrayList<>(OtherHost.suppressedBy(original));
    all.add(original);
    return all;
  }

  /** The verdict in words, so that whoever has the text alone knows whose turn it is. */
  static String meaning(Verdict verdict) {
    return switch (verdict) {
      case ACCESS_DENIED -> "The server is there and refuses this login.";
      case REFUSED -> "Trying again won't help.";
      case OUT_OF_SLOTS -> "The server is there and takes no more connections now.";
      case SERVER_STARTING -> "The server takes no connections yet.";
      case PROXY_UNAVAILABLE -> "A proxy before the server lets nobody in just now.";
      case SERVER_DOWN -> "The server can't be reached, or has hung up.";
      case READ_ONLY_SERVER -> "The server doesn't write.";
      case PROCESS_LIMIT -> "This process is at a limit of its own.";
      default -> "The connection broke while it was being opened.";
    };
  }

  /** The hosts that would have taken the connection. */
  private static String passedOver(SQLException original) {
    return Arrays.stream(original.getSuppressed())
        .filter(Timelines.Superseded.class::isInstance)
        .map(superseded -> " Passed over: " + superseded.getMessage() + ".")
        .collect(Collectors.joining());
  }

  /** The hosts whose failure doesn't count. */
  private static String others(List<OtherHost> others) {
    return others.isEmpty()
        ? ""
        : others.stream()
            .map(OtherHost::getMessage)
            .collect(Collectors.joining("; ", " Other hosts: ", "."));
  }

  /** The message, and the root cause's where the message doesn't say it. */
  private static String said(Throwable original) {
    String message = String.valueOf(original.getMessage()).strip();
    Throwable root = Causes.root(original);
    String cause = root.getMessage();
    if (root != original && cause != null && !message.contains(cause)) {
      message =
          (message.endsWith(".") ? message.substring(0, message.length() - 1) : message)
              + " ("
              + cause
              + ")";
    }
    return message.endsWith(".") ? message : message + ".";
  }

  /** Worth trying again. */
  final class Transient extends SQLTransientConnectionException implements ConnectFailure {
    private static final long serialVersionUID = 1L;
    private final Verdict verdict;

    Transient(
        String message, SQLException original, @Nullable SQLException cause, Verdict verdict) {
      super(message, original.getSQLState(), original.getErrorCode(), cause);
      this.verdict = verdict;
    }

    @Override
    public Verdict verdict() {
      return verdict;
    }
  }

  /** Not worth it. */
  final class Lasting extends SQLNonTransientConnectionException implements ConnectFailure {
    private static final long serialVersionUID = 1L;
    private final Verdict verdict;

    Lasting(String message, SQLException original, @Nullable SQLException cause, Verdict verdict) {
      super(message, original.getSQLState(), original.getErrorCode(), cause);
      this.verdict = verdict;
    }

    @Override
    public Verdict verdict() {
      return verdict;
    }
  }
}
