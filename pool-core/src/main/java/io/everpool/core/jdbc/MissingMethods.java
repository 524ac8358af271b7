package io.everpool.core.jdbc;

/**
 * Tells a driver that doesn't have a method from one that has failed in it. A method that is
 * missing has done nothing, and frameworks try what newer versions of JDBC have.
 */
final class MissingMethods {
  private static final String FACES = MissingMethods.class.getPackageName() + ".";

  private MissingMethods() {}

  /**
   * Whether a call of ours has missed a method that this driver doesn't have; not a call within the
   * driver. It came to JDBC after the driver, and the JVM says so, or the interface's own default;
   * or the driver has a stub that throws either error by hand (jTDS the JVM's, of which a real one
   * always has a message), or calls what throws it for all stubs.
   */
  static boolean isMissed(Throwable e) {
    StackTraceElement[] trace = e.getStackTrace();
    if (e instanceof UnsupportedOperationException) {
      return isFace(trace, 1)
          || (isFace(trace, 2) && !trace[0].getClassName().startsWith("java.")); // a list, say
    }
    return e instanceof AbstractMethodError
        && (isFace(trace, 0) || (e.getMessage() == null && isFace(trace, 1)));
  }

  private static boolean isFace(StackTraceElement[] trace, int depth) {
    return trace.length > depth && trace[depth].getClassName().startsWith(FACES);
  }
}
