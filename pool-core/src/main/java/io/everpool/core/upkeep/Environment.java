package io.everpool.core.upkeep;

import io.everpool.core.engine.TimeSource;
import java.util.concurrent.Executor;
import java.util.function.DoubleSupplier;

/**
 * Time, threads and randomness.
 *
 * @param time tells it
 * @param scheduler makes upkeep happen
 * @param workers runs what may block (connecting, probing, closing), each task on a thread of its
 *     own, so that one that hangs holds up nobody
 * @param random numbers from 0 (inclusive) to 1 (exclusive)
 */
public record Environment(
    TimeSource time, PassScheduler scheduler, Executor workers, DoubleSupplier random) {}
