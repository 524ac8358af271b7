package jdbi;

import com.fasterxml.jackson.databind.JsonNode;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import java.sql.SQLException;

/** Reads a JSON tree by the modules that the adapter asks for itself. */
public final class Main {
  private Main() {}

  /** URL and user; the password is in the environment. */
  public static void main(String[] arguments) throws SQLException {
    PoolConfig config =
        PoolConfig.builder(arguments[0])
            .user(arguments[1])
            .password(System.getenv("APPLICATION_PASSWORD"))
            .build();
    try (Pool pool = Everpool.open(config)) {
      JsonNode answer =
          EverpoolJdbi.create(pool)
              .withHandle(
                  handle ->
                      handle
                          .select("select '{\"answered\": true}'::jsonb")
                          .mapTo(JsonNode.class)
                          .one());
      System.out.println(answer + " by " + EverpoolJdbi.class.getModule().getName());
    }
  }
}
