package io.everpool.jdbi;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ShortNode;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.statement.UnableToCreateStatementException;
import org.jdbi.v3.jackson2.Jackson2Config;
import org.jspecify.annotations.Nullable;

/** Reads and writes Jackson's trees so that a number keeps all its digits. */
final class JsonTrees {
  /**
   * Makes Jackson use decimals for fractions in trees, and only there; Jackson has this since 2.19.
   */
  private static final @Nullable JsonNodeFeature DECIMALS = find("USE_BIG_DECIMAL_FOR_FLOATS");

  private JsonTrees() {}

  private static @Nullable JsonNodeFeature find(String name) {
    for (JsonNodeFeature each : JsonNodeFeature.values()) {
      if (each.name().equals(name)) {
        return each;
      }
    }
    return null;
  }

  static ObjectMapper mapper(ConfigRegistry config) {
    return config.get(Jackson2Config.class).getMapper();
  }

  /**
   * Returns {@code reader} changed so that its trees, also those within other objects, have all
   * digits that the database has; by itself Jackson makes a {@code double} of every fraction. What
   * the application's mapper was explicitly told about this counts. An older Jackson can't do this
   * for trees within other objects.
   */
  static ObjectReader exact(ObjectReader reader) {
    ObjectReader exact = withZeros(reader);
    return DECIMALS == null || isToldOfFractions(reader) ? exact : lossless(exact.with(DECIMALS));
  }

  /** Does the same if nothing but trees is read, which works with any Jackson. */
  static ObjectReader exactTrees(ObjectReader reader) {
    // Jackson's older feature is for everything that is read, which here is nothing but trees.
    return DECIMALS != null || isToldOfFractions(reader)
        ? exact(reader)
        : lossless(withZeros(reader).with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS));
  }

  private static boolean isToldOfFractions(ObjectReader reader) {
    return reader.isEnabled(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
        || (DECIMALS != null && reader.getConfig().getDatatypeFeatures().isExplicitlySet(DECIMALS));
  }

  private static ObjectReader withZeros(ObjectReader reader) {
    JsonNodeFeature strip = JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES;
    return reader.getConfig().getDatatypeFeatures().isExplicitlySet(strip)
        ? reader
        : reader.without(strip);
  }

  private static ObjectReader lossless(ObjectReader reader) {
    return reader.getConfig().getNodeFactory().getClass() == JsonNodeFactory.class
        ? reader.with(LosslessNodes.INSTANCE)
        : reader;
  }

  static String text(JsonNode tree, ConfigRegistry config) {
    try {
      return mapper(config).writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new UnableToCreateStatementException("A JSON tree can't be written", e);
    }
  }

  /**
   * Returns {@code tree} as the kind of node that is asked for, if it is a number and fits;
   * otherwise the tree itself. Jackson decides which node a number becomes, so a caller that asks
   * for a certain kind needs this.
   */
  static JsonNode as(Class<?> wanted, JsonNode tree) {
    if (!tree.isNumber() || wanted.isInstance(tree)) {
      return tree;
    }
    if (wanted == DecimalNode.class) {
      return DecimalNode.valueOf(tree.decimalValue());
    }
    if (wanted == DoubleNode.class) {
      return DoubleNode.valueOf(tree.doubleValue());
    }
    if (wanted == FloatNode.class) {
      return FloatNode.valueOf(tree.floatValue());
    }
    if (!tree.isIntegralNumber()) {
      return tree;
    }
    if (wanted == BigIntegerNode.class) {
      return BigIntegerNode.valueOf(tree.bigIntegerValue());
    }
    if (wanted == LongNode.class && tree.canConvertToLong()) {
      return LongNode.valueOf(tree.longValue());
    }
    if (wanted == IntNode.class && tree.canConvertToInt()) {
      return IntNode.valueOf(tree.intValue());
    }
    if (wanted == ShortNode.class
        && tree.canConvertToInt()
        && tree.intValue() == tree.shortValue()) {
      return ShortNode.valueOf(tree.shortValue());
    }
    return tree;
  }
}
