package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Causes;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * A transaction of Spring's whose COMMIT got no answer is told as that. {@link
 * JdbcTransactionManager}, which is Spring Boot's own, rolls back after a COMMIT that has failed,
 * and throws what that rollback meets.
 */
@Timeout(120)
class LostCommitTest {

  enum Manager {
    JDBC {
      @Override
      DataSourceTransactionManager over(DataSource pool) {
        return new JdbcTransactionManager(pool);
      }
    },
    JDBC_OVER_A_LAZY_PROXY {
      @Override
      DataSourceTransactionManager over(DataSource pool) {
        return new JdbcTransactionManager(new LazyConnectionDataSourceProxy(pool));
      }
    },
    DATA_SOURCE {
      @Override
      DataSourceTransactionManager over(DataSource pool) {
        return new DataSourceTransactionManager(pool);
      }
    },
    DATA_SOURCE_THAT_ROLLS_BACK {
      @Override
      DataSourceTransactionManager over(DataSource pool) {
        DataSourceTransactionManager manager = new DataSourceTransactionManager(pool);
        manager.setRollbackOnCommitFailure(true);
        return manager;
      }
    };

    abstract DataSourceTransactionManager over(DataSource pool);
  }

  @ParameterizedTest
  @EnumSource
  void isToldAsThat(Manager kind) throws SQLException {
    PostgresServer server = Boot.server();
    try (FaultProxy proxy = FaultProxy.before(server);
        SpringPool pool =
            new SpringPool(
                Everpool.open(
                    PoolConfig.builder(server.libpqUrl(proxy.host(), proxy.port()))
                        .name("lost-commit")
                        .maxSize(1)
                        .build()))) {
      new JdbcTemplate(pool).execute("drop table if exists lost_commit");
      new JdbcTemplate(pool).execute("create table lost_commit (n int)");
      DataSourceTransactionManager manager = kind.over(pool);
      JdbcTemplate jdbc = new JdbcTemplate(manager.getDataSource());
      proxy.cutReplyTo("COMMIT", FaultProxy.Cut.FIN);
      Throwable thrown =
          catchThrowable(
              () ->
                  new TransactionTemplate(manager)
                      .execute(status -> jdbc.update("insert into lost_commit values (1)")));
      Throwable unknown = Causes.first(thrown, CommitOutcomeUnknownException.class);
      assertThat(unknown)
          .as("what %s is caused by", thrown)
          .isNotNull()
          .hasMessageContaining("look for its effect before you repeat it");
      assertThat(thrown)
          .isNotInstanceOf(TransientDataAccessException.class)
          .isNotInstanceOf(RecoverableDataAccessException.class);
      assertThat(jdbc.queryForObject("select count(*) from lost_commit", Integer.class))
          .isEqualTo(1);
      jdbc.execute("drop table lost_commit");
    }
  }
}
