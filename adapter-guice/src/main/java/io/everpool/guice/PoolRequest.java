package io.everpool.guice;

import com.google.inject.Key;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;

/** The pool that a module was asked for, and the key that it is to have. */
record PoolRequest(PoolConfig config, Key<Pool> key) {}
