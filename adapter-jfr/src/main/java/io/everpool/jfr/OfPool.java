package io.everpool.jfr;

import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.StackTrace;

/**
 * An event of Flight Recorder about a pool. It has no stack trace, because mostly the pool's own
 * threads write it.
 */
@StackTrace(false)
abstract class OfPool extends Event {
  @Label("Pool")
  @Description("The pool's name")
  String pool = "";
}
