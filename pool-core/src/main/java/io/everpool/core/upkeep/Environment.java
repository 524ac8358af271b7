package io.everpool.core.upkeep;

import io.everpool.core.engine.Pause;
import io.everpool.core.engine.TimeSource;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.function.DoubleSupplier;

/**
 * Time, threads and randomness.
 *
 * @param time tells it
 * @param clock tells the time of day, for what others say in those terms, and goes on while the
 *     machine is suspended
 * @param scheduler makes upkeep happen
 * @param workers runs what may block (connecting, probing, closing), each task on a thread of its
 *     own, so that one that hangs holds up nobody
 * @param together runs what may block but hardly ever does, at its place behind what other pools
 *     want at the same time; whoever sees that it doesn't begin goes to the workers. For the passes
 * @param random numbers from 0 (inclusive) to 1 (exclusive)
 * @param pause lets time pass on a thread of a caller's
 */
public record Environment(
    TimeSource time,
    InstantSource clock,
    PassScheduler scheduler,
    Executor workers,
    Executor together,
    DoubleSupplier random,
    Pause pause) {}
