package io.everpool.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The parts of the console that never change: the page, its style and its scripts, read from this
 * archive.
 */
final class Pages {

  /**
   * A file.
   *
   * @param type its media type
   */
  // records of this kind are never compared, and nobody writes into the array
  @SuppressWarnings("ArrayRecordComponent")
  record Page(String type, byte[] content) {}

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  private static final String[] FILES = {
    "index.html",
    "icon.svg",
    "console.css",
    "console.js",
    "tiles.js",
    "chart.js",
    "timeline.js",
    "tables.js",
    "operate.js",
    "words.js"
  };

  private final Map<String, Page> pages = new HashMap<>();

  Pages() {
    for (String file : FILES) {
      pages.put("/" + file, read(file));
    }
    pages.put("/", read("index.html"));
  }

  /** The file of that path; null if there is none. */
  @Nullable Page at(String path) {
    return pages.get(path);
  }

  private static Page read(String file) {
    String type = TYPES.get(file.substring(file.lastIndexOf('.') + 1));
    try (InputStream in = Pages.class.getResourceAsStream("page/" + file)) {
      if (in == null || type == null) {
        throw new IllegalStateException("Missing in this archive: " + file);
      }
      return new Page(type, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
