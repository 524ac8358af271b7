package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;
import org.jspecify.annotations.Nullable;

/** Where the snapshots come from that explain to callers why they get no connection. */
public interface SnapshotSource {

  /**
   * A snapshot with what the holders are doing just now who have had a connection for longest: as
   * many of them as an explanation names. All threads of the process are stopped for it.
   */
  PoolSnapshot withDeeds();

  /** A snapshot without what holders are doing. No thread is stopped for it. */
  PoolSnapshot withoutDeeds();

  /**
   * The snapshot, with what it says of the calling thread brought up to date: what this thread
   * holds now and where it is, as a thread that waits for a connection, or did until now. Null if
   * this thread holds nothing, and held nothing. No other thread is looked at.
   */
  @Nullable PoolSnapshot forCaller(PoolSnapshot seen);
}
