package io.everpool.console;

import io.everpool.api.Pool;
import io.everpool.api.framework.PoolOperations;

/**
 * A pool on the console.
 *
 * @param id its name, and a number where another has that name
 * @param history what happened in the pools of that name: events don't tell them apart
 * @param advice how large it should be; for the ticker alone
 */
record WatchedPool(
    String id, Pool pool, PoolOperations operations, History history, Advice advice) {}
