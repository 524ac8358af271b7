package io.everpool.examples.demo;

import io.everpool.servers.Chromium;
import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Takes the README's pictures of the console while the demo runs, if {@code -Ddemo.pictures=folder}
 * asks for them; otherwise does nothing.
 */
final class Photographer implements AutoCloseable {
  private static final String OUTAGE =
      "document.getElementById('status').classList.contains('bad')";

  private final @Nullable Chromium chromium;
  private final Path folder;
  private CompletableFuture<Void> later = CompletableFuture.completedFuture(null);

  private Photographer(@Nullable Chromium chromium, Path folder) {
    this.chromium = chromium;
    this.folder = folder;
  }

  static Photographer fromProperty(URI page) {
    String folder = System.getProperty("demo.pictures", "");
    if (folder.isBlank()) {
      return new Photographer(null, Path.of("."));
    }
    Path program =
        Chromium.program()
            .orElseThrow(() -> new IllegalStateException("Pictures take Chromium on the path"));
    Chromium chromium = Chromium.start(program);
    chromium.size(1240, 608); // this shows what matters, and makes a small file
    chromium.open(page.resolve("#pool=demo"));
    return new Photographer(chromium, Path.of(folder));
  }

  /** Takes a picture of what the page shows now. */
  void take(String name, String scheme) {
    if (chromium != null) {
      later.join();
      chromium.prefers(scheme, "reduce");
      chromium.screenshot(folder.resolve("console-" + name + ".png"));
    }
  }

  /** Returns at once, and takes a picture when the page says that the server can't be reached. */
  void takeOfOutage(String name, String scheme) {
    Chromium browser = chromium;
    if (browser != null) {
      later =
          CompletableFuture.runAsync(
              () -> {
                browser.prefers(scheme, "reduce");
                browser.awaitTrue(OUTAGE);
                browser.screenshot(folder.resolve("console-" + name + ".png"));
              });
    }
  }

  @Override
  public void close() {
    if (chromium != null) {
      try {
        later.join();
      } finally {
        chromium.close();
      }
    }
  }
}
