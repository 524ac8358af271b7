package io.everpool.guice;

import io.everpool.api.Pool;
import org.jdbi.v3.core.Jdbi;

/** One pool and what stands on it; made together, so that a failure is told once. */
record Opened(Pool pool, Jdbi jdbi) {}
