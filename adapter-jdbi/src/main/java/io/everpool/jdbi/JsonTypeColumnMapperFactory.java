package io.everpool.jdbi;

import java.lang.reflect.Type;
import java.util.Optional;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.mapper.ColumnMapper;
import org.jdbi.v3.core.mapper.ColumnMapperFactory;
import org.jdbi.v3.core.mapper.ColumnMappers;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jdbi.v3.json.Json;

/**
 * Maps to types that carry {@link Json} themselves as if the annotation stood at each use of them.
 */
final class JsonTypeColumnMapperFactory implements ColumnMapperFactory {

  @Override
  public Optional<ColumnMapper<?>> build(Type type, ConfigRegistry config) {
    // The value is read as the type that is asked for, though it is written as the type that
    // carries the annotation.
    return JsonTypes.json(type).isPresent()
        ? config
            .get(ColumnMappers.class)
            .findFor(QualifiedType.of(type).with(Json.class))
            .map(mapper -> mapper)
        : Optional.empty();
  }
}
