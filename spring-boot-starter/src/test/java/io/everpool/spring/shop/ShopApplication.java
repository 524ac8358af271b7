package io.everpool.spring.shop;

import java.util.concurrent.CountDownLatch;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** As people have it: nothing of the pool is said here. */
@SpringBootApplication
@RestController
public class ShopApplication {

  /** Is counted down when {@link #slow} is being served. */
  public final CountDownLatch asked = new CountDownLatch(1);

  /** {@link #slow} waits for it. */
  public final CountDownLatch goOn = new CountDownLatch(1);

  private final JdbcTemplate jdbc;

  ShopApplication(JdbcTemplate jdbc) {
    this.jdbc = jdbc;
  }

  /** A request that takes its time before it needs the database. */
  @GetMapping("/slow")
  public String slow() throws InterruptedException {
    asked.countDown();
    goOn.await();
    return "items: " + jdbc.queryForObject("select count(*) from item", Long.class);
  }
}
