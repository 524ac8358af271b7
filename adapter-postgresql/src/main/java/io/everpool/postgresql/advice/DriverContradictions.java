package io.everpool.postgresql.advice;

import io.everpool.api.Contradiction;
import io.everpool.api.ContradictionRule;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.postgresql.url.Destination;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The contradictions within a configuration that the driver or the database knows of, as one table.
 */
public final class DriverContradictions {
  private static final String PROPERTY = "properties.";

  /** Values that may be shown: numbers, switches and choices. Any other value may be a secret. */
  private static final Pattern HARMLESS = Pattern.compile("[0-9]{1,9}|[a-z-]{1,16}");

  static final List<ContradictionRule<Facts>> TABLE =
      Stream.of(TimeRules.TABLE, TlsRules.TABLE, PlaceRules.TABLE, DriverRules.TABLE)
          .flatMap(List::stream)
          .toList();

  private DriverContradictions() {}

  /**
   * The contradictions within a configuration, in no order that matters; empty if there are none.
   *
   * @param destination what became of {@code config}
   * @param inUrl the properties that the configuration's URL alone says
   * @param pooler which kind of pooler lies between, as far as that is known
   */
  public static List<Contradiction> of(
      PoolConfig config, Destination destination, Map<String, String> inUrl, PoolerMode pooler) {
    Facts facts = new Facts(config, destination, inUrl, pooler);
    return List.copyOf(
        ContradictionRule.findAll(TABLE, facts, config, key -> shown(key, destination)));
  }

  private static @Nullable String shown(String key, Destination destination) {
    String value =
        key.startsWith(PROPERTY)
            ? destination.properties().get(key.substring(PROPERTY.length()))
            : null;
    return value != null && HARMLESS.matcher(value).matches() ? value : null;
  }
}
