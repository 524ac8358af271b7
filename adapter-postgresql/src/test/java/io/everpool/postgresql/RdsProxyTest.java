package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * RDS Proxy by a name of the user's own (a CNAME), which tells nothing: it takes no start-up
 * options, and says so in words of its own.
 */
@Timeout(120)
class RdsProxyTest {
  private static final String REFUSAL =
      "Feature not supported: RDS Proxy currently doesn\u2019t support command-line options.";

  private Postmaster proxy;

  @BeforeEach
  void start() throws Exception {
    proxy = new Postmaster(Sessions.server());
    proxy.answersOptionsInProtocol("0A000", REFUSAL);
  }

  @AfterEach
  void stop() {
    proxy.close();
  }

  private Connector connector(String more, UnaryOperator<PoolConfig.Builder> config) {
    return Sessions.connector(
        "jdbc:postgresql://127.0.0.1:%d/%s?sslmode=disable&gssEncMode=disable%s"
            .formatted(proxy.port(), Sessions.server().database(), more),
        c -> config.apply(c.user(Sessions.server().user()).password(Sessions.server().password())));
  }

  @Test
  void it_is_found_and_its_sessions_are_reset_as_it_lends_them_for_a_session() throws Exception {
    try (Connector connector = connector("", c -> c)) {
      for (int i = 0; i < 2; i++) {
        PhysicalConnection connection = connector.open(TIMEOUT);
        assertThat(connection.isSharedByTransaction()).isFalse();
        assertThat(Sessions.ask(connection, "select 1")).isEqualTo("1");
        connection.close();
      }
      assertThat(connector.notes())
          .anySatisfy(n -> assertThat(n).startsWith("RDS Proxy lies").endsWith("pooler = session"));
      assertThat(proxy.accepted()).isEqualTo(3);
    }
  }

  @Test
  void it_lets_one_in_who_says_what_it_is() throws Exception {
    try (Connector connector = connector("", c -> c.pooler(PoolerMode.SESSION))) {
      connector.open(TIMEOUT).close();
      assertThat(proxy.accepted()).isEqualTo(1);
    }
  }

  @Test
  void options_of_the_users_own_are_named_in_the_refusal() {
    for (PoolerMode mode : PoolerMode.values()) {
      try (Connector connector = connector("&options=-c%20work_mem%3D5MB", c -> c.pooler(mode))) {
        assertThatThrownBy(() -> connector.open(TIMEOUT))
            .as(mode.toString())
            .hasMessageContaining("leave it out of options");
      }
    }
  }
}
