package spring;

import io.everpool.api.Pool;
import io.everpool.spring.RerunTransaction;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** Asks the pool that Spring Boot has made, and says from which module it came. */
@SpringBootApplication
public class Main {

  /** URL and user; the password is in the environment. */
  public static void main(String[] arguments) throws Exception {
    SpringApplication application = new SpringApplication(Main.class);
    application.setDefaultProperties(
        Map.of(
            "everpool.url", arguments[0],
            "everpool.user", arguments[1],
            "everpool.password-env", "APPLICATION_PASSWORD"));
    try (ConfigurableApplicationContext context = application.run()) {
      boolean answered = context.getBean(Pool.class).run(connection -> connection.isValid(0));
      System.out.println(answered + " by " + RerunTransaction.class.getModule().getName());
    }
  }
}
