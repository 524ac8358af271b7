package io.everpool.console;

import io.everpool.api.Pool;
import io.everpool.api.framework.PoolOperations;

/**
 * A pool on the console.
 *
 * @param id the pool's name, with a number if another pool has the same name
 * @param history what happened in all pools of that name: events don't tell which of them they come
 *     from
 * @param advice how large the pool should be; only the ticker uses it
 */
record WatchedPool(
    String id, Pool pool, PoolOperations operations, History history, Advice advice) {}
