package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;
import org.jspecify.annotations.Nullable;

/** Of a pool of that name in which nothing is to be seen. */
record EmptySnapshots(String name) implements SnapshotSource {
  @Override
  public PoolSnapshot withDeeds() {
    return withoutDeeds();
  }

  @Override
  public PoolSnapshot withoutDeeds() {
    return PoolSnapshot.builder(name).build();
  }

  @Override
  public @Nullable PoolSnapshot forCaller(PoolSnapshot seen) {
    return null;
  }
}
