package io.everpool.core.h2;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.FailureChain;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import java.sql.SQLException;
import java.util.Locale;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;

/** H2 as an adapter would bring it: about what a page holds. */
final class H2Connector implements Connector {

  /** What a text may leave in a session. H2 itself can be asked which variables there are. */
  enum Leftover implements SideEffects.Kind {
    VARIABLES,
    LOCK_TIMEOUT
  }

  private static final SideEffects VARIABLES = SideEffects.of(Leftover.VARIABLES);
  private static final SideEffects LOCK_TIMEOUT = SideEffects.of(Leftover.LOCK_TIMEOUT);

  private final JdbcDataSource source = new JdbcDataSource();

  H2Connector(String url, String user, String password) {
    source.setURL(url);
    source.setUser(user);
    source.setPassword(password);
  }

  @Override
  public String product() {
    return "H2";
  }

  @Override
  public String target() {
    return source.getURL();
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    return new H2Connection(source);
  }

  @Override
  public Verdict classify(Throwable failure) {
    return FailureChain.of(failure).verdict(H2Connector::of);
  }

  private static @Nullable Verdict of(SQLException failure) {
    return switch (String.valueOf(failure.getSQLState())) {
      case "90007", "90067", "90098", "90121" -> Verdict.CONNECTION_LOST;
      case "28000" -> Verdict.ACCESS_DENIED;
      case "40001" -> Verdict.TRANSACTION_CONFLICT;
      case "null" -> null;
      default -> failure.getSQLState().startsWith("08") ? Verdict.CONNECTION_LOST : null;
    };
  }

  @Override
  public SideEffects sideEffects(String sql) {
    String text = sql.toUpperCase(Locale.ROOT);
    SideEffects variables = text.contains("@") ? VARIABLES : SideEffects.NONE;
    return text.contains("LOCK_TIMEOUT") ? variables.and(LOCK_TIMEOUT) : variables;
  }
}
