package io.everpool.jdbi;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.DatatypeFeatures;
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

/** How Jackson's trees are read and written, so that a number comes back to the digit. */
final class JsonTrees {
  private JsonTrees() {}

  static ObjectMapper mapper(ConfigRegistry config) {
    return config.get(Jackson2Config.class).getMapper();
  }

  /**
   * {@code reader}, whose trees, those within other objects included, have all digits that the
   * database has: Jackson makes a {@code double} of every fraction. What the application's mapper
   * says about that on purpose counts.
   */
  static ObjectReader exact(ObjectReader reader) {
    DatatypeFeatures said = reader.getConfig().getDatatypeFeatures();
    ObjectReader exact =
        said.isExplicitlySet(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            ? reader
            : reader.without(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES);
    if (reader.isEnabled(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
        || said.isExplicitlySet(JsonNodeFeature.USE_BIG_DECIMAL_FOR_FLOATS)) {
      return exact;
    }
    exact = exact.with(JsonNodeFeature.USE_BIG_DECIMAL_FOR_FLOATS);
    return reader.getConfig().getNodeFactory().getClass() == JsonNodeFactory.class
        ? exact.with(LosslessNodes.INSTANCE)
        : exact;
  }

  static String text(JsonNode tree, ConfigRegistry config) {
    try {
      return mapper(config).writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new UnableToCreateStatementException("A JSON tree can't be written", e);
    }
  }

  /**
   * {@code tree} as the kind of node that is asked for, where it is a number and fits; else itself.
   * Which node a number becomes is Jackson's business; whoever asks for one gets it.
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
