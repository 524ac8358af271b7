package io.everpool.jdbi;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Type;
import java.util.Optional;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.core.mapper.ColumnMapper;
import org.jdbi.v3.core.mapper.ColumnMapperFactory;
import org.jdbi.v3.core.result.UnableToProduceResultException;
import org.jdbi.v3.core.statement.StatementContext;
import org.jdbi.v3.jackson2.Jackson2Config;
import org.jspecify.annotations.Nullable;

/** Maps {@code json} and {@code jsonb} to Jackson trees. */
final class JsonNodeColumnMapperFactory implements ColumnMapperFactory {

  @Override
  public Optional<ColumnMapper<?>> build(Type type, ConfigRegistry config) {
    Class<?> wanted = GenericTypes.getErasedType(type);
    if (!JsonNode.class.isAssignableFrom(wanted)) {
      return Optional.empty();
    }
    ObjectMapper mapper = config.get(Jackson2Config.class).getMapper();
    return Optional.of(
        (row, column, context) -> tree(row.getString(column), wanted, mapper, context));
  }

  private static @Nullable JsonNode tree(
      @Nullable String json, Class<?> wanted, ObjectMapper mapper, StatementContext context) {
    if (json == null) {
      return null;
    }
    JsonNode tree = parse(json, mapper, context);
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

  private static JsonNode parse(String json, ObjectMapper mapper, StatementContext context) {
    try {
      return mapper.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UnableToProduceResultException(e, context);
    }
  }
}
