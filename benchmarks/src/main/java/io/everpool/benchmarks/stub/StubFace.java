package io.everpool.benchmarks.stub;

/** A connection that can't do anything by itself, for who lends another in its place. */
public abstract class StubFace extends AbsentConnection {}
