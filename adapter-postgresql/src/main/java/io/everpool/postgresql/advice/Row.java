package io.everpool.postgresql.advice;

import io.everpool.api.ContradictionRule;
import java.util.List;
import java.util.function.Predicate;

/** How the tables of this package write a row. */
final class Row {
  private Row() {}

  /**
   * @param keys the names of the settings; a property of the driver's is written as {@code
   *     properties.name}
   */
  static ContradictionRule<Facts> of(
      String name, String when, String advice, Predicate<Facts> applies, String... keys) {
    return new ContradictionRule<>(name, List.of(keys), when, advice, applies);
  }
}
