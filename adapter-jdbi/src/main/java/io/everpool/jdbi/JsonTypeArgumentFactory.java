package io.everpool.jdbi;

import java.lang.reflect.Type;
import java.util.Optional;
import java.util.function.Function;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.argument.ArgumentFactory;
import org.jdbi.v3.core.argument.Arguments;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jdbi.v3.json.Json;

/**
 * Binds types that carry {@link Json} themselves as if the annotation stood at each use of them.
 */
final class JsonTypeArgumentFactory implements ArgumentFactory.Preparable {

  @Override
  public Optional<Function<Object, Argument>> prepare(Type type, ConfigRegistry config) {
    return JsonTypes.json(type)
        .flatMap(
            json ->
                config.get(Arguments.class).prepareFor(QualifiedType.of(json).with(Json.class)));
  }
}
