package io.everpool.benchmarks.stub;

/**
 * A connection that can't do anything by itself, for classes that lend another connection in its
 * place.
 */
public abstract class StubFace extends AbsentConnection {}
