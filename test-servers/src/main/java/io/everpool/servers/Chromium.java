package io.everpool.servers;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A Chromium without a window, with one page, spoken to by its DevTools protocol. It ends with
 * {@link #close()}, and what it has written goes with it.
 */
public final class Chromium implements AutoCloseable {
  private static final String NAMED = "EVERPOOL_CHROMIUM";
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String LISTENS = "DevTools listening on ";

  /** Ends the browser when nobody is at the other end of its input any more. */
  private static final String GUARD =
      """
      trap '' INT TERM HUP
      "$@" </dev/null 2>&1 &
      exec >/dev/null 2>&1
      while read -r line; do :; done
      kill -KILL $!
      wait
      """;

  private final Process process;
  private final Path folder;
  private final WebSocket socket;
  private final Answers answers;
  private final Duration limit;
  private final String session;
  private int calls;

  private Chromium(Process process, Path folder, String address, Duration limit) {
    this.process = process;
    this.folder = folder;
    this.limit = limit;
    this.answers = new Answers();
    this.socket =
        within(
            limit,
            "answer at " + address,
            HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(URI.create(address), answers));
    String target =
        Answers.text(send("Target.createTarget", "{\"url\":\"about:blank\"}", ""), "targetId");
    this.session =
        Answers.text(
            send("Target.attachToTarget", "{\"targetId\":\"" + target + "\",\"flatten\":true}", ""),
            "sessionId");
    call("Page.enable", "{}"); // else it runs no script before those of a page
  }

  /** The one that {@code EVERPOOL_CHROMIUM} names, or one on the path. */
  public static Optional<Path> program() {
    String named = System.getenv(NAMED);
    if (named != null && !named.isBlank()) {
      return Optional.of(Path.of(named));
    }
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.of("chromium", "chromium-browser", "google-chrome")
        .flatMap(
            name ->
                Stream.of(path.split(File.pathSeparator))
                    .filter(folder -> !folder.isBlank())
                    .map(folder -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Starts it; it is there when this returns.
   *
   * @throws IllegalStateException if it isn't within a minute; it has ended then
   */
  public static Chromium start(Path program) {
    return start(program, LIMIT);
  }

  static Chromium start(Path program, Duration limit) {
    try {
      Path folder = Files.createTempDirectory("everpool-chromium");
      ProcessBuilder builder =
          new ProcessBuilder(
              List.of(
                  "sh",
                  "-c",
                  GUARD,
                  "chromium-guard",
                  program.toString(),
                  "--headless=new",
                  "--no-sandbox", // which root can't have, and these pages are our own
                  "--disable-gpu",
                  "--disable-dev-shm-usage",
                  "--disable-extensions",
                  "--disable-background-networking",
                  "--disable-component-update",
                  "--no-first-run",
                  "--hide-scrollbars",
                  "--lang=en-GB",
                  "--user-data-dir=" + folder,
                  "--remote-debugging-port=0",
                  "about:blank"));
      builder.environment().put("HOME", folder.toString());
      builder.environment().put("TZ", "UTC");
      Process process = builder.redirectErrorStream(true).start();
      try {
        return new Chromium(process, folder, address(process, limit), limit);
      } catch (RuntimeException e) {
        end(process, folder);
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String address(Process process, Duration limit) {
    CompletableFuture<String> address = new CompletableFuture<>();
    Thread reader = new Thread(() -> read(process, address), "chromium-output");
    reader.setDaemon(true);
    reader.start();
    return within(limit, "say where it listens", address);
  }

  /** To the end, lest it wait for a reader; what it complains of later is nobody's concern. */
  private static void read(Process process, CompletableFuture<String> address) {
    StringBuilder said = new StringBuilder();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line; (line = out.readLine()) != null; ) {
        if (line.startsWith(LISTENS)) {
          address.complete(line.substring(LISTENS.length()).strip());
        } else if (!address.isDone()) {
          said.append(line).append('\n');
        }
      }
    } catch (IOException e) {
      said.append(e);
    }
    address.completeExceptionally(new IllegalStateException("it has ended, and said " + said));
  }

  private static <T> T within(Duration limit, String what, CompletableFuture<T> future) {
    try {
      return future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted before Chromium could " + what, e);
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "Chromium doesn't " + what + " within " + limit.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("Chromium doesn't " + what + ": " + e.getCause(), e);
    }
  }

  // ---- what can be done with its page

  /** Runs a script in each page that is opened from now on, before all of the page's own. */
  public void first(String script) {
    call("Page.addScriptToEvaluateOnNewDocument", "{\"source\":" + Answers.quoted(script) + "}");
  }

  /** Goes there, and returns when the page has been loaded. */
  public void open(URI page) {
    call("Page.navigate", "{\"url\":\"" + page + "\"}");
    awaitTrue("location.href.startsWith('" + page + "') && document.readyState === 'complete'");
  }

  /** The value of an expression of JavaScript, as a text; it may {@code await}. */
  public String evaluate(String expression) {
    String wrapped = "(async () => String(" + expression + "))()";
    String answer =
        call(
            "Runtime.evaluate",
            "{\"returnByValue\":true,\"awaitPromise\":true,\"expression\":"
                + Answers.quoted(wrapped)
                + "}");
    if (answer.contains("\"exceptionDetails\"")) {
      throw new AssertionError(expression + ": " + answer);
    }
    return Answers.text(answer, "value");
  }

  /** Waits until an expression is true. */
  public void awaitTrue(String expression) {
    Await.until(LIMIT, () -> evaluate(expression).equals("true"), expression);
  }

  /** Presses a key and lets it go: {@code Tab}, {@code Enter}, {@code ArrowRight}, ... */
  public void press(String key) {
    int code =
        Map.of(
                "Tab",
                9,
                "Enter",
                13,
                "End",
                35,
                "Home",
                36,
                "ArrowLeft",
                37,
                "ArrowUp",
                38,
                "ArrowRight",
                39,
                "ArrowDown",
                40)
            .getOrDefault(key, 0);
    String rest =
        ",\"key\":\""
            + key
            + "\",\"code\":\""
            + key
            + "\",\"windowsVirtualKeyCode\":"
            + code
            + (key.equals("Enter") ? ",\"text\":\"\\r\"" : "")
            + "}";
    call("Input.dispatchKeyEvent", "{\"type\":\"keyDown\"" + rest);
    call("Input.dispatchKeyEvent", "{\"type\":\"keyUp\"" + rest);
  }

  /** Types a text where the focus is. */
  public void type(String text) {
    call("Input.insertText", "{\"text\":" + Answers.quoted(text) + "}");
  }

  /**
   * What the reader of the page likes, as CSS asks for it.
   *
   * @param scheme {@code light} or {@code dark}
   * @param motion {@code reduce} or {@code no-preference}
   */
  public void prefers(String scheme, String motion) {
    call(
        "Emulation.setEmulatedMedia",
        "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\""
            + scheme
            + "\"},{\"name\":\"prefers-reduced-motion\",\"value\":\""
            + motion
            + "\"}]}");
  }

  /** How large the page is; pixels. */
  public void size(int width, int height) {
    call(
        "Emulation.setDeviceMetricsOverride",
        "{\"width\":"
            + width
            + ",\"height\":"
            + height
            + ",\"deviceScaleFactor\":1,\"mobile\":false}");
  }

  /** Writes what is seen of the page as a PNG. */
  public void screenshot(Path file) {
    String answer = call("Page.captureScreenshot", "{\"format\":\"png\"}");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.write(file, Base64.getDecoder().decode(Answers.text(answer, "data")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String call(String method, String parameters) {
    return send(method, parameters, ",\"sessionId\":\"" + session + "\"");
  }

  private synchronized String send(String method, String parameters, String rest) {
    int id = ++calls;
    CompletableFuture<String> answer = answers.expect(id);
    String text =
        "{\"id\":" + id + ",\"method\":\"" + method + "\",\"params\":" + parameters + rest + "}";
    within(limit, "read " + method, socket.sendText(text, true));
    String said = within(limit, "answer " + method, answer);
    if (said.startsWith("{\"id\":" + id + ",\"error\"")) {
      throw new IllegalStateException(method + ": " + said);
    }
    return said;
  }

  @Override
  public void close() {
    socket.abort();
    try {
      end(process, folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** By its guard, which kills it. */
  private static void end(Process process, Path folder) throws IOException {
    List<ProcessHandle> all =
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    process.getOutputStream().close();
    all.forEach(each -> within(LIMIT, "end", each.onExit()));
    Trees.delete(folder);
  }

  /** What comes back, by the number of the call. */
  private static final class Answers implements WebSocket.Listener {
    private final Map<Integer, CompletableFuture<String>> expected = new ConcurrentHashMap<>();
    private final StringBuilder part = new StringBuilder();

    CompletableFuture<String> expect(int id) {
      CompletableFuture<String> answer = new CompletableFuture<>();
      expected.put(id, answer);
      return answer;
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      part.append(data);
      if (last) {
        take(part.toString());
        part.setLength(0);
      }
      from.request(1);
      return CompletableFuture.completedStage(null);
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      expected.values().forEach(answer -> answer.completeExceptionally(error));
    }

    /** Answers begin with their number; all else are events, which nobody has asked for. */
    private void take(String message) {
      String begin = "{\"id\":";
      if (message.startsWith(begin)) {
        int end = begin.length();
        while (Character.isDigit(message.charAt(end))) {
          end++;
        }
        CompletableFuture<String> answer =
            expected.remove(Integer.valueOf(message.substring(begin.length(), end)));
        if (answer != null) {
          answer.complete(message);
        }
      }
    }

    /** The first text of that name. */
    static String text(String json, String name) {
      String begin = "\"" + name + "\":\"";
      int at = json.indexOf(begin);
      if (at < 0) {
        throw new IllegalStateException("no " + name + " in " + json);
      }
      StringBuilder text = new StringBuilder();
      for (int i = at + begin.length(); json.charAt(i) != '"'; i++) {
        char c = json.charAt(i);
        if (c != '\\') {
          text.append(c);
          continue;
        }
        char escaped = json.charAt(++i);
        if (escaped == 'u') {
          text.append((char) Integer.parseInt(json.substring(i + 1, i + 5), 16));
          i += 4;
        } else {
          text.append(escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped);
        }
      }
      return text.toString();
    }

    static String quoted(String text) {
      return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }
  }
}
