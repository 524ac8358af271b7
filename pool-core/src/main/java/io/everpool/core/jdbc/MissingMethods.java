package io.everpool.core.jdbc;

import java.sql.SQLFeatureNotSupportedException;

/**
 * Tells a driver that doesn't have a method from one that has failed in it. A method that is
 * missing has done nothing, and frameworks try what newer versions of JDBC have.
 */
final class MissingMethods {
  private static final String FACES = MissingMethods.class.getPackageName() + ".";

  private MissingMethods() {}

  /**
   * Whether one of our faces has called a method that this driver doesn't have; a call within the
   * driver doesn't count. Either the method came to JDBC after the driver was made: then the JVM
   * throws an error, or the interface's default method does. Or the driver has a stub, which throws
   * either error itself or calls a method that throws it for all stubs. (The stubs of jTDS throw
   * the JVM's error, but without a message; a real one always has a message.)
   */
  static boolean isMissed(Throwable e) {
    StackTraceElement[] trace = e.getStackTrace();
    if (e instanceof UnsupportedOperationException) {
      // A class of the JDK's, such as an immutable list, throws it for its own reasons.
      return isFace(trace, 1) || (isFace(trace, 2) && !trace[0].getClassName().startsWith("java."));
    }
    return e instanceof AbstractMethodError
        && (isFace(trace, 0) || (e.getMessage() == null && isFace(trace, 1)));
  }

  /**
   * Whether a call has failed because the driver doesn't have the method, or what the method is
   * for: then it has changed nothing. It says so by JDBC's own exception, or as of {@link
   * #isMissed}.
   */
  static boolean isLacking(Throwable e) {
    return e instanceof SQLFeatureNotSupportedException
        || e instanceof AbstractMethodError
        || isMissed(e);
  }

  private static boolean isFace(StackTraceElement[] trace, int depth) {
    return trace.length > depth && trace[depth].getClassName().startsWith(FACES);
  }
}
