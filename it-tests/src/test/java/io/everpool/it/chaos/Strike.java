package io.everpool.it.chaos;

import io.everpool.servers.FaultProxy.Cut;
import java.time.Duration;

/**
 * One fault, with all that is left to chance drawn before.
 *
 * @param victim whom it strikes where one of several is struck; any number from 0 on
 * @param cut how connections are cut where they are
 * @param length how long it lasts where it lasts
 * @param pause the time until the next
 */
record Strike(Fault fault, int victim, Cut cut, Duration length, Duration pause) {}
