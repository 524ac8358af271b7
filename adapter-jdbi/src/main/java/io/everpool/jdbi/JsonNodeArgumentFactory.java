package io.everpool.jdbi;

import com.fasterxml.jackson.databind.JsonNode;
import java.sql.Types;
import java.util.Optional;
import java.util.function.Function;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.argument.QualifiedArgumentFactory;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PGobject;

/** Binds Jackson trees as {@code jsonb}. */
final class JsonNodeArgumentFactory implements QualifiedArgumentFactory.Preparable {

  @Override
  public Optional<Argument> build(
      QualifiedType<?> type, @Nullable Object value, ConfigRegistry config) {
    return isTree(type) ? Optional.of(argument((JsonNode) value, config)) : Optional.empty();
  }

  @Override
  public Optional<Function<Object, Argument>> prepare(
      QualifiedType<?> type, ConfigRegistry config) {
    return isTree(type)
        ? Optional.of(value -> argument((JsonNode) value, config))
        : Optional.empty();
  }

  private static boolean isTree(QualifiedType<?> type) {
    return JsonNode.class.isAssignableFrom(GenericTypes.getErasedType(type.getType()))
        && JsonTypes.maySayJson(type);
  }

  private static Argument argument(@Nullable JsonNode node, ConfigRegistry config) {
    if (node == null) {
      return (position, statement, context) -> statement.setNull(position, Types.OTHER);
    }
    String json = JsonTrees.text(node, config);
    return (position, statement, context) -> {
      PGobject jsonb = new PGobject();
      jsonb.setType("jsonb");
      jsonb.setValue(json);
      statement.setObject(position, jsonb);
    };
  }
}
