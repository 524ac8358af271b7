package io.everpool.benchmarks.stub;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** Leads {@code jdbc:stub:} URLs to their {@link StubDatabase}. */
public final class StubDriver extends PlainDriver {

  static {
    register();
  }

  private static void register() {
    try {
      DriverManager.registerDriver(new StubDriver());
    } catch (SQLException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @Override
  public @Nullable Connection connect(String url, Properties info) throws SQLException {
    return acceptsURL(url) ? StubDatabase.at(url).connect() : null;
  }

  @Override
  public boolean acceptsURL(String url) {
    return url.startsWith(StubDatabase.PREFIX);
  }
}
