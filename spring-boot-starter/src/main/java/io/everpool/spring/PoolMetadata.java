package io.everpool.spring;

import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.jdbc.metadata.AbstractDataSourcePoolMetadata;

/** A pool as Spring Boot sees every pool, for its own metrics {@code jdbc.connections.*}. */
final class PoolMetadata extends AbstractDataSourcePoolMetadata<Pool> {

  PoolMetadata(Pool pool) {
    super(pool);
  }

  @Override
  public Integer getActive() {
    return getDataSource().snapshot().leased();
  }

  /** Counts the connections that are being examined as well, like all other metrics. */
  @Override
  public Integer getIdle() {
    PoolSnapshot now = getDataSource().snapshot();
    return now.idle() + now.probing();
  }

  @Override
  public Integer getMax() {
    return getDataSource().snapshot().maxSize();
  }

  @Override
  public Integer getMin() {
    return getDataSource().snapshot().minSize();
  }

  /** Returns no query: the driver's own way to validate is enough. */
  @Override
  public @Nullable String getValidationQuery() {
    return null;
  }

  /**
   * If this is false, Spring Boot makes Hibernate rely on autocommit being off, as with HikariCP.
   */
  @Override
  public Boolean getDefaultAutoCommit() {
    return SpringPool.lendsWithAutoCommit(getDataSource());
  }
}
