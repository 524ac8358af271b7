package io.everpool.api;

import java.util.List;

/**
 * Settings that are each right by themselves, but not together: one undoes what another says.
 * Nothing is refused because of it, for the pool works; it is logged when the pool opens.
 *
 * @param rule the name of the {@link ContradictionRule} that has found it
 * @param keys the settings concerned
 * @param text a sentence that names these settings with their values and where they stand, and says
 *     what to do; carries no secret
 * @see Contradictions
 */
public record Contradiction(String rule, List<String> keys, String text) {

  /** Keeps a copy of the list. */
  public Contradiction {
    keys = List.copyOf(keys);
  }

  /** Its text. */
  @Override
  public String toString() {
    return text;
  }
}
