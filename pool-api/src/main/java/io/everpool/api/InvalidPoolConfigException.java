package io.everpool.api;

import java.util.List;

/** Settings that can't work; lists every problem at once and carries no secret. */
public final class InvalidPoolConfigException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String[] problems;

  /**
   * Made by whoever reads settings.
   *
   * @param problems at least one, each a sentence that names the setting and what would be right
   */
  public InvalidPoolConfigException(List<String> problems) {
    super(
        problems.size() == 1
            ? "Invalid pool configuration: " + problems.get(0)
            : "Invalid pool configuration, "
                + problems.size()
                + " problems:\n  - "
                + String.join("\n  - ", problems));
    this.problems = problems.toArray(new String[0]);
  }

  /** Every problem found, in the order of the settings. Immutable. */
  public List<String> problems() {
    return List.of(problems);
  }
}
