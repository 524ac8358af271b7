package io.everpool.hocon;

import io.everpool.api.InvalidPoolConfigException;
import java.util.ArrayList;
import java.util.List;

/** Collects what is wrong, to be told all at once. */
final class Problems {

  private final List<String> texts = new ArrayList<>();

  void add(String text) {
    texts.add(text);
  }

  /** Adds {@code path + text} and where the value stands. */
  void add(Located located, String text) {
    texts.add(located.path() + " " + text + located.origin());
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
    return new InvalidPoolConfigException(texts);
  }
}
