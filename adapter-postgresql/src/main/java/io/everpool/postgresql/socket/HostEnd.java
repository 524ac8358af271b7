package io.everpool.postgresql.socket;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What has become of a login at one of several hosts.
 *
 * @param host and port, as the URL spells them
 * @param letIn whether the server has let it in, so that it is the driver that has gone on
 * @param failure what has ended it. Null if only the driver knows, or if the driver has gone on
 *     after the last try at this host was let in. Not null beside {@code letIn} if the session
 *     broke before the driver had returned its connection, or if a later try failed
 */
public record HostEnd(String host, boolean letIn, @Nullable SQLException failure) {
  /** SQLState {@code invalid_authorization_specification}. */
  private static final String REFUSED = "28000";

  /**
   * Whether only the driver knows: what passes isn't understood, as where it is encrypted by GSS,
   * or the driver has ended the login by its own judgement. It may have been let in.
   */
  public boolean isUnknown() {
    return !letIn && failure == null;
  }

  /**
   * The same host was asked once more. Where {@code sslmode} leaves a choice the driver asks so
   * after a refusal, without TLS or with it; if that fails as well it throws the refusal.
   */
  HostEnd then(HostEnd again) {
    boolean secondTry = failure != null && REFUSED.equals(failure.getSQLState()) && !again.letIn;
    return new HostEnd(host, letIn || again.letIn, secondTry ? failure : again.failure);
  }
}
