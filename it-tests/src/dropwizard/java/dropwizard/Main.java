package dropwizard;

import io.dropwizard.core.Application;
import io.dropwizard.core.setup.Environment;
import io.everpool.dropwizard.EverpoolDataSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;

/** Asks one question as it starts, and says from which module the connections came. */
public final class Main extends Application<ShopConfiguration> {

  /** URL and user; the password is in the environment. */
  public static void main(String[] arguments) throws Exception {
    Path yaml = Files.createTempFile("dropwizard", ".yml");
    try {
      Files.writeString(
          yaml,
          String.join(
              "\n",
              "database:",
              "  url: '" + arguments[0] + "'",
              "  user: '" + arguments[1] + "'",
              "  passwordEnv: APPLICATION_PASSWORD",
              "server:",
              "  applicationConnectors: [{type: http, port: 0}]",
              "  adminConnectors: [{type: http, port: 0}]"));
      new Main().run("server", yaml.toString());
    } finally {
      Files.delete(yaml);
    }
  }

  @Override
  public void run(ShopConfiguration configuration, Environment environment) {
    EverpoolDataSource shop = configuration.database().build(environment.metrics(), "shop");
    environment.lifecycle().manage(shop);
    environment
        .lifecycle()
        .addServerLifecycleListener(
            server -> {
              try {
                System.out.println(ask(shop) + " by " + shop.getClass().getModule().getName());
                server.stop();
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
  }

  private static String ask(EverpoolDataSource shop) throws Exception {
    try (Connection connection = shop.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select 'answered'")) {
      rows.next();
      return rows.getString(1);
    }
  }
}
