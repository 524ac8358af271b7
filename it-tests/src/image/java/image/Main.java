package image;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** Opens a pool and asks one question. */
public final class Main {
  private Main() {}

  /** URL and user; the password is in the environment. */
  public static void main(String[] arguments) throws SQLException {
    PoolConfig config =
        PoolConfig.builder(arguments[0])
            .user(arguments[1])
            .password(System.getenv("APPLICATION_PASSWORD"))
            .build();
    try (Pool pool = Everpool.open(config);
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select 'answered'")) {
      rows.next();
      boolean lean = ModuleLayer.boot().findModule("java.management").isEmpty();
      System.out.println(
          rows.getString(1) + " by " + pool.getClass().getModule().getName() + " lean " + lean);
    }
  }
}
