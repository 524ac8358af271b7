package io.everpool.jdbi;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import java.util.Optional;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.core.mapper.ColumnMapper;
import org.jdbi.v3.core.mapper.QualifiedColumnMapperFactory;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jdbi.v3.core.result.UnableToProduceResultException;
import org.jdbi.v3.core.statement.StatementContext;
import org.jspecify.annotations.Nullable;

/** Maps {@code json} and {@code jsonb} to Jackson trees. */
final class JsonNodeColumnMapperFactory implements QualifiedColumnMapperFactory {

  @Override
  public Optional<ColumnMapper<?>> build(QualifiedType<?> type, ConfigRegistry config) {
    Class<?> wanted = GenericTypes.getErasedType(type.getType());
    if (!JsonNode.class.isAssignableFrom(wanted) || !JsonTypes.maySayJson(type)) {
      return Optional.empty();
    }
    ObjectReader reader = JsonTrees.exactTrees(JsonTrees.mapper(config).reader());
    return Optional.of(
        (row, column, context) -> tree(row.getString(column), wanted, reader, context));
  }

  private static @Nullable JsonNode tree(
      @Nullable String json, Class<?> wanted, ObjectReader reader, StatementContext context) {
    if (json == null) {
      return null;
    }
    JsonNode tree = JsonTrees.as(wanted, parse(json, reader, context));
    if (!wanted.isInstance(tree)) {
      throw new UnableToProduceResultException(
          "The column holds a JSON value of type "
              + tree.getNodeType()
              + ", which is no "
              + wanted.getSimpleName(),
          context);
    }
    return tree;
  }

  private static JsonNode parse(String json, ObjectReader reader, StatementContext context) {
    try {
      return reader.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UnableToProduceResultException(e, context);
    }
  }
}
