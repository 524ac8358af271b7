package io.everpool.api;

import java.util.List;

/**
 * Settings that each may be as they are, but not beside one another: what the one says the other
 * undoes. Nothing is refused for it, for the pool works; it is told when the pool opens.
 *
 * @param rule the name of the {@link ContradictionRule} that has found it
 * @param keys the settings concerned
 * @param text which they are, with their values and where they stand, and what to do; carries no
 *     secret
 * @see Contradictions
 */
public record Contradiction(String rule, List<String> keys, String text) {

  /** With a copy of the list. */
  public Contradiction {
    keys = List.copyOf(keys);
  }

  /** Its text. */
  @Override
  public String toString() {
    return text;
  }
}
