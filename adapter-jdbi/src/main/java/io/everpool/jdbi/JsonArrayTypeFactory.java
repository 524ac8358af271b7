package io.everpool.jdbi;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Type;
import java.util.Optional;
import java.util.function.Function;
import org.jdbi.v3.core.array.SqlArrayType;
import org.jdbi.v3.core.array.SqlArrayTypeFactory;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.json.Json;
import org.jdbi.v3.json.JsonConfig;
import org.jdbi.v3.json.JsonMapper.TypedJsonMapper;
import org.jspecify.annotations.Nullable;

/**
 * Binds collections and arrays of Jackson trees, and of types that carry {@link Json} themselves,
 * as {@code jsonb[]}.
 */
final class JsonArrayTypeFactory implements SqlArrayTypeFactory {

  @Override
  public Optional<SqlArrayType<?>> build(Type elementType, ConfigRegistry config) {
    if (JsonNode.class.isAssignableFrom(GenericTypes.getErasedType(elementType))) {
      return Optional.of(jsonb(tree -> JsonTrees.text((JsonNode) tree, config)));
    }
    return JsonTypes.json(elementType)
        .map(json -> config.get(JsonConfig.class).getJsonMapper().forType(json, config))
        .map(mapper -> jsonb(value -> text(value, mapper, config)));
  }

  private static SqlArrayType<?> jsonb(Function<Object, @Nullable String> text) {
    return SqlArrayType.<@Nullable Object>of(
        "jsonb", element -> element == null ? null : text.apply(element));
  }

  /**
   * The text of an element. Jdbi binds a value that is JSON's null as SQL's NULL; in an array it is
   * the same.
   */
  private static @Nullable String text(
      Object value, TypedJsonMapper mapper, ConfigRegistry config) {
    String json = mapper.toJson(value, config);
    return "null".equals(json) ? null : json;
  }
}
