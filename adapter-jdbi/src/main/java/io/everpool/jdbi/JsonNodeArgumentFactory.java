package io.everpool.jdbi;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Type;
import java.sql.Types;
import java.util.Optional;
import java.util.function.Function;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.argument.ArgumentFactory;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.core.statement.UnableToCreateStatementException;
import org.jdbi.v3.jackson2.Jackson2Config;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGobject;

/** Binds Jackson trees as {@code jsonb}. */
final class JsonNodeArgumentFactory implements ArgumentFactory.Preparable {

  @Override
  public Optional<Function<Object, Argument>> prepare(Type type, ConfigRegistry config) {
    return JsonNode.class.isAssignableFrom(GenericTypes.getErasedType(type))
        ? Optional.of(value -> argument((JsonNode) value, config))
        : Optional.empty();
  }

  private static Argument argument(@Nullable JsonNode node, ConfigRegistry config) {
    if (node == null) {
      return (position, statement, context) -> statement.setNull(position, Types.OTHER);
    }
    String json = text(node, config);
    return (position, statement, context) -> {
      PGobject jsonb = new PGobject();
      jsonb.setType("jsonb");
      jsonb.setValue(json);
      statement.setObject(position, jsonb);
    };
  }

  private static String text(JsonNode node, ConfigRegistry config) {
    try {
      return config.get(Jackson2Config.class).getMapper().writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new UnableToCreateStatementException("A JSON tree can't be written", e);
    }
  }
}
