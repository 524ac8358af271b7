package io.everpool.postgresql.failure;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * What one of several hosts has said, where the failure of another counts ({@link SeveralHosts}):
 * suppressed by that one, in few words, with its own verdict.
 */
public final class OtherHost extends SQLException implements ConnectFailure {
  private static final long serialVersionUID = 1L;
  private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cntrl}\\s]+");

  private final String host;
  private final Verdict verdict;

  private OtherHost(
      String host, String words, SQLException said, Verdict verdict, @Nullable SQLException cause) {
    super(host + ": " + words, said.getSQLState(), said.getErrorCode(), cause);
    this.host = host;
    this.verdict = verdict;
  }

  static OtherHost of(String host, SQLException failure) {
    Verdict verdict = FailureRules.whileConnecting(failure).verdict();
    return new OtherHost(host, words(failure), failure, verdict, failure);
  }

  /** The same without the text, which quotes a secret. */
  OtherHost hidden() {
    return new OtherHost(host, "what was said isn't shown", this, verdict, null);
  }

  /** All that {@code failure}, or one that it is the cause of, has suppressed. */
  static List<OtherHost> suppressedBy(Throwable failure) {
    Throwable found = Causes.first(failure, at -> suppressed(at).findAny().isPresent());
    return found == null ? List.of() : suppressed(found).toList();
  }

  private static Stream<OtherHost> suppressed(Throwable failure) {
    return Arrays.stream(failure.getSuppressed())
        .filter(OtherHost.class::isInstance)
        .map(OtherHost.class::cast);
  }

  /** What the server has said, or else what has happened; one line. */
  private static String words(SQLException failure) {
    ServerErrorMessage said =
        failure instanceof PSQLException known ? known.getServerErrorMessage() : null;
    Throwable root = Causes.root(failure);
    String words =
        said != null
            ? said.getSeverity() + ": " + said.getMessage()
            : root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    String line = UNPRINTABLE.matcher(words).replaceAll(" ").strip();
    return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
  }

  @Override
  public Verdict verdict() {
    return verdict;
  }
}
