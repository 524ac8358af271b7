package io.everpool.api;

import java.util.List;

/** Which of a stack's frames tell a person something: those of his own program. */
final class Frames {
  /** How many frames of the program are shown if its way matters: some of them are frameworks'. */
  private static final int WAY = 5;

  private static final String POOL = "io.everpool.core.";

  /** What a program calls of the pool: beneath it are the driver's frames. */
  private static final String FACES = POOL + "jdbc.";

  private static final List<String> FOREIGN = List.of("java.", "javax.", "jdk.", "sun.", POOL);

  private Frames() {}

  /**
   * Where a thread is: the innermost frame of the program's own, and what it has called there.
   *
   * @param stack its frames, innermost first; not empty
   */
  static String now(List<StackTraceElement> stack) {
    for (int i = outOfTheDriver(stack); i < stack.size(); i++) {
      StackTraceElement frame = stack.get(i);
      if (isTheProgram(frame)) {
        return i == 0 ? text(frame) : name(stack.get(i - 1)) + ", called from " + text(frame);
      }
    }
    return text(stack.get(0));
  }

  /** The frame as a text, without class loaders and modules. */
  private static String text(StackTraceElement frame) {
    String file = frame.getFileName();
    String line = frame.getLineNumber() > 0 ? ":" + frame.getLineNumber() : "";
    return name(frame) + '(' + (file == null ? "unknown source" : file + line) + ')';
  }

  private static String name(StackTraceElement frame) {
    return frame.getClassName() + '.' + frame.getMethodName();
  }

  /**
   * How the program came there, in its own frames.
   *
   * @param stack its frames, innermost first; not empty
   */
  static String way(List<StackTraceElement> stack) {
    List<String> own =
        stack.subList(outOfTheDriver(stack), stack.size()).stream()
            .filter(Frames::isTheProgram)
            .limit(WAY)
            .map(Frames::text)
            .toList();
    return own.isEmpty() ? text(stack.get(0)) : String.join(" < ", own);
  }

  /** The first frame that can't be the driver's; 0 if the pool called none. */
  private static int outOfTheDriver(List<StackTraceElement> stack) {
    for (int i = 0; i < stack.size(); i++) {
      if (stack.get(i).getClassName().startsWith(FACES)) {
        return i;
      }
    }
    return 0;
  }

  private static boolean isTheProgram(StackTraceElement frame) {
    return !frame.getClassName().contains("$$Lambda")
        && FOREIGN.stream().noneMatch(frame.getClassName()::startsWith);
  }
}
