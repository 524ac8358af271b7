package io.everpool.benchmarks.report;

import static java.util.Locale.ROOT;

import io.everpool.benchmarks.contenders.Contender;

/** Writes a drawing. Coordinates are pixels from the upper left. */
final class Svg {

  private final StringBuilder body = new StringBuilder();
  private final int width;
  private final int height;

  Svg(int width, int height) {
    this.width = width;
    this.height = height;
  }

  /** The colour that a contender has in all drawings. */
  static String colour(Contender pool) {
    return switch (pool) {
      case EVERPOOL -> "#c2255c";
      case HIKARI -> "#1971c2";
      case AGROAL -> "#2f9e44";
      case BEECP -> "#f08c00";
      case DBCP2 -> "#6741d9";
      case TOMCAT -> "#0c8599";
      case C3P0 -> "#846358";
      case VIBUR -> "#868e96";
      case DRUID -> "#343a40";
      case FLOOR, LEAST, BARE -> "#adb5bd";
    };
  }

  void rectangle(double x, double y, double w, double h, String fill, double opacity) {
    add(
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" opacity=\"%.2f\"/>",
        x, y, w, h, fill, opacity);
  }

  void line(double x1, double y1, double x2, double y2, String stroke) {
    add(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>",
        x1, y1, x2, y2, stroke);
  }

  void path(String points, String stroke, double thickness) {
    add(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\"/>",
        points, stroke, thickness);
  }

  /**
   * Adds a text that begins, is centred or ends at {@code x}: {@code anchor} is start, middle or
   * end.
   */
  void text(double x, double y, String anchor, int size, String text) {
    add(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\">%s</text>",
        x, y, anchor, size, escaped(text));
  }

  private void add(String format, Object... values) {
    body.append(String.format(ROOT, format, values)).append('\n');
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  @Override
  public String toString() {
    return String.format(
        ROOT,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%1$d\" height=\"%2$d\""
            + " viewBox=\"0 0 %1$d %2$d\" font-family=\"sans-serif\" fill=\"#212529\">%n"
            + "<rect width=\"%1$d\" height=\"%2$d\" fill=\"#ffffff\"/>%n%3$s</svg>%n",
        width,
        height,
        body);
  }
}
