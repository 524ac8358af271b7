package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.PoolConfig;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;

/** A write without a transaction whose answer gets lost is none that Spring calls transient. */
@Timeout(120)
class LostWriteTest {

  @Test
  void isNothingThatMayBeRepeatedAtOnce() throws SQLException {
    PostgresServer server = Boot.server();
    try (FaultProxy proxy = FaultProxy.before(server);
        SpringPool pool =
            new SpringPool(
                Everpool.open(
                    PoolConfig.builder(server.libpqUrl(proxy.host(), proxy.port()))
                        .name("lost-write")
                        .maxSize(1)
                        .build()))) {
      JdbcTemplate jdbc = new JdbcTemplate(pool);
      jdbc.execute("create table if not exists lost_write (n int)");
      proxy.cutReplyTo("insert", FaultProxy.Cut.FIN);
      Throwable thrown = catchThrowable(() -> jdbc.update("insert into lost_write values (?)", 1));
      assertThat(thrown)
          .isInstanceOf(DataAccessResourceFailureException.class)
          .isNotInstanceOf(TransientDataAccessException.class)
          .isNotInstanceOf(RecoverableDataAccessException.class)
          .hasCauseInstanceOf(WriteOutcomeUnknownException.class)
          .hasMessageContaining("Look for its effect before you repeat it");
      assertThat(jdbc.queryForObject("select count(*) from lost_write", Integer.class))
          .isEqualTo(1);
      jdbc.execute("drop table lost_write");
    }
  }
}
