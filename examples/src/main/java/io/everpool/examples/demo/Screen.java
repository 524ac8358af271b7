package io.everpool.examples.demo;

import java.io.Console;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/**
 * Writes plain lines to the terminal, each with the time since the start; it uses colours if the
 * terminal has any.
 */
final class Screen {
  private static final String RED = "\u001b[31m";
  private static final String GREEN = "\u001b[32m";
  private static final String BOLD = "\u001b[1m";
  private static final String PLAIN = "\u001b[0m";

  private final PrintStream out;
  private final boolean colours;
  private final long start = System.nanoTime();

  Screen(PrintStream out, boolean colours) {
    this.out = out;
    this.colours = colours;
  }

  static Screen ofTerminal() {
    String terminal = System.getenv().getOrDefault("TERM", "dumb");
    return new Screen(
        System.out, isTerminal() && !terminal.equals("dumb") && System.getenv("NO_COLOR") == null);
  }

  /**
   * Whether the output goes to a terminal. From Java 22 on there may be a console that is no
   * terminal; the console then says so.
   */
  @SuppressWarnings("SystemConsoleNull") // the code below asks for null
  private static boolean isTerminal() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException olderThan22) {
      return true;
    }
  }

  void say(String line) {
    print("", line);
  }

  /** Tells that something is done to the database. */
  void strike(String line) {
    print(RED, ">>> " + line);
  }

  void good(String line) {
    print(GREEN, line);
  }

  void bad(String line) {
    print(RED, line);
  }

  void title(String line) {
    print(BOLD, line);
  }

  /** Prints two columns, as wide as they need to be. */
  void table(List<Row> rows) {
    int width = rows.stream().mapToInt(row -> row.name().length()).max().orElse(0);
    for (Row row : rows) {
      out.println("  " + row.name() + " ".repeat(width - row.name().length()) + "  " + row.value());
    }
    out.flush();
  }

  double seconds() {
    return (System.nanoTime() - start) / 1e9;
  }

  private void print(String colour, String line) {
    String text = String.format(Locale.ROOT, "%5.1fs  %s", seconds(), line);
    out.println(colours && !colour.isEmpty() ? colour + text + PLAIN : text);
    out.flush();
  }

  /** One line of a table. */
  record Row(String name, String value) {}
}
