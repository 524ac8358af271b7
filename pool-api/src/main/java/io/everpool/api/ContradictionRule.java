package io.everpool.api;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A row of a table of contradictions: some settings, the condition under which they contradict one
 * another, and what to do about it. The pool's own table is behind {@link Contradictions}; a
 * driver's adapter may have one of its own, about what its properties say. Immutable; any thread
 * may ask it if {@code applies} allows that.
 *
 * @param name its name in kebab case; unique
 * @param keys the settings concerned, in the order in which the text names them; those of {@link
 *     PoolConfig#settings()} by their {@link Setting#key() keys}
 * @param when the condition in words, for the documentation
 * @param advice what comes of the contradiction, and what to do; a sentence or two without secrets
 * @param applies whether the condition holds for these facts; must not throw
 * @param <F> the facts that the rows of a table look at
 */
public record ContradictionRule<F>(
    String name, List<String> keys, String when, String advice, Predicate<F> applies) {

  /** Keeps a copy of the list. */
  public ContradictionRule {
    keys = List.copyOf(keys);
  }

  /**
   * Asks each row of a table, and returns the contradictions that it finds, in the order of the
   * table.
   *
   * @param table the rows
   * @param facts what the rows look at
   * @param config the configuration whose values and {@link PoolConfig#origin(String) origins} the
   *     texts show
   * @param others tells how to show the value of a key that isn't one of the pool's settings; null
   *     if it must not be shown
   * @param <F> the type of the facts
   * @return one for each row that applies; empty if none does
   */
  public static <F> List<Contradiction> findAll(
      List<ContradictionRule<F>> table,
      F facts,
      PoolConfig config,
      Function<String, @Nullable String> others) {
    List<Contradiction> found = new ArrayList<>();
    for (ContradictionRule<F> rule : table) {
      if (rule.applies.test(facts)) {
        found.add(new Contradiction(rule.name, rule.keys, rule.text(config, others)));
      }
    }
    return found;
  }

  /** {@code connect-timeout = 40s (shop.conf: 3), acquire-timeout = 30s: the advice}. */
  private String text(PoolConfig config, Function<String, @Nullable String> others) {
    StringJoiner settings = new StringJoiner(", ", "", ": ");
    for (String key : keys) {
      Setting<?> setting = setting(key);
      String value = setting == null ? others.apply(key) : shown(setting, config);
      String origin = config.origin(key);
      settings.add(
          key + (value == null ? "" : " = " + value) + (origin == null ? "" : " (" + origin + ")"));
    }
    return settings + advice;
  }

  private static <T> String shown(Setting<T> setting, PoolConfig config) {
    return setting.shown(config.get(setting));
  }

  private static @Nullable Setting<?> setting(String key) {
    for (Setting<?> setting : PoolConfig.settings()) {
      for (Setting<?> one : setting.parts().isEmpty() ? List.of(setting) : setting.parts()) {
        if (one.key().equals(key)) {
          return one;
        }
      }
    }
    return null;
  }
}
