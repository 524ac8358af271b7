package io.everpool.api;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A row of a table of contradictions. The pool's own is behind {@link Contradictions}; a driver's
 * adapter has one of what its properties say.
 *
 * @param name in kebab case; unique
 * @param keys the settings concerned, the first one first; those of {@link PoolConfig#settings()}
 *     by their keys
 * @param when the condition in words, for the documentation
 * @param advice what comes of it, and what to do; a sentence or two without secrets
 * @param applies whether it is so; must not throw
 * @param <F> what it looks at
 */
public record ContradictionRule<F>(
    String name, List<String> keys, String when, String advice, Predicate<F> applies) {

  /** With a copy of the list. */
  public ContradictionRule {
    keys = List.copyOf(keys);
  }

  /**
   * What a table finds, in its order.
   *
   * @param config whose values and {@link PoolConfig#origin(String) origins} are shown
   * @param others how the value of a key is shown that is no setting's; null where it isn't shown
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
