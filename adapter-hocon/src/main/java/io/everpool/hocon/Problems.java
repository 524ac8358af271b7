package io.everpool.hocon;

import io.everpool.api.InvalidPoolConfigException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Collects what is wrong, so that it is told all at once. */
final class Problems {

  /** The problems, each once: several named pools fall back to the same block. */
  private final Set<String> texts = new LinkedHashSet<>();

  void add(String text) {
    texts.add(text);
  }

  /** Adds {@code path + text}, and where the value stands. */
  void add(Located located, String text) {
    texts.add(located.shownPath() + " " + text + located.origin());
  }

  void notABlock(Located located) {
    add(located, "is " + located.kind() + "; it must be a block { ... }");
  }

  void throwIfAny() {
    if (!texts.isEmpty()) {
      throw exception();
    }
  }

  InvalidPoolConfigException exception() {
    return new InvalidPoolConfigException(List.copyOf(texts));
  }
}
