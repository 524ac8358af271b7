package io.everpool.console;

import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** What an operator can do to a pool; no action takes a connection from its holder. */
final class Actions {
  private static final Map<String, BiConsumer<WatchedPool, Query>> BY_NAME =
      Map.of(
          "resize",
          (pool, query) -> pool.operations().resize(query.number("min"), query.number("max")),
          "suspend",
          (pool, query) -> pool.operations().suspend(),
          "resume",
          (pool, query) -> pool.operations().resume(),
          "evict-idle",
          (pool, query) -> pool.operations().evictIdle(),
          "replace-all",
          (pool, query) -> pool.pool().replaceAll());

  private Actions() {}

  /**
   * Does what the query says, and notes it in the pool's timeline; false if there is no such
   * action.
   *
   * @throws IllegalArgumentException if the action can't be done with these values; the message
   *     says why
   */
  static boolean act(WatchedPool pool, Query query) {
    @Nullable String name = query.get("do");
    var action = name == null ? null : BY_NAME.get(name);
    if (name == null || action == null) {
      return false;
    }
    action.accept(pool, query);
    String said =
        name.equals("resize") ? " to " + query.get("min") + " to " + query.get("max") : "";
    pool.history().timeline().add(News.operator(name + said));
    return true;
  }
}
