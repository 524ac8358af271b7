package io.everpool.core.upkeep;

import io.everpool.core.engine.Pause;
import io.everpool.core.engine.TimeSource;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.function.DoubleSupplier;

/**
 * What the pool needs from outside: time, threads and random numbers.
 *
 * @param time tells how much time passes
 * @param clock tells the time of day, for moments that others give in it; it goes on while the
 *     machine is suspended
 * @param scheduler runs the passes of upkeep
 * @param workers runs what may block (connecting, probing, closing), each task on a thread of its
 *     own, so that one that hangs holds up nobody
 * @param together runs what may block but hardly ever does, one after the other with what other
 *     pools give it at the same time; whoever sees that his task doesn't begin goes to the workers.
 *     Only passes use it
 * @param random numbers from 0 (inclusive) to 1 (exclusive)
 * @param pause lets time pass on a caller's thread
 */
public record Environment(
    TimeSource time,
    InstantSource clock,
    PassScheduler scheduler,
    Executor workers,
    Executor together,
    DoubleSupplier random,
    Pause pause) {}
