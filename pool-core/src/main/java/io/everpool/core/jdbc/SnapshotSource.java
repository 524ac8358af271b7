package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;
import org.jspecify.annotations.Nullable;

/** Where the snapshots come from that explain to callers why they get no connection. */
public interface SnapshotSource {

  /**
   * With what those do just now who have had a connection for longest: as many as an explanation
   * names. All threads of the process stop for it.
   */
  PoolSnapshot withDeeds();

  /** Without that. No thread stops for it. */
  PoolSnapshot withoutDeeds();

  /**
   * What a snapshot says of the calling thread, brought up to date: what it holds just now and
   * where it is, as that of one who waits for a connection, or did until now. Null for one who
   * holds nothing, and held nothing. Nobody else is looked at.
   */
  @Nullable PoolSnapshot forCaller(PoolSnapshot seen);
}
