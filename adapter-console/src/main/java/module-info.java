/** Pools on a page in the browser. Start at {@link io.everpool.console.Console}. */
module io.everpool.console {
  requires transitive io.everpool.api;
  requires jdk.httpserver;
  requires static jakarta.servlet;
  requires static org.jspecify;

  exports io.everpool.console;
  exports io.everpool.console.servlet;
}
