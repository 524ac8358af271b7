package io.everpool.jdbi;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.lang.reflect.Type;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.result.UnableToProduceResultException;
import org.jdbi.v3.core.statement.UnableToCreateStatementException;
import org.jdbi.v3.jackson2.Jackson2Config;
import org.jdbi.v3.json.JsonMapper;

/**
 * Reads and writes {@code @Json} by Jackson, as Jdbi's own mapper does, with two differences. Trees
 * within what is read keep all their digits. And a value is written whole, while Jdbi's mapper
 * writes only what the declared type has: of a record that is declared as its interface it writes
 * nothing.
 */
final class ExactJsonMapper implements JsonMapper {

  @Override
  public TypedJsonMapper forType(Type type, ConfigRegistry config) {
    return new Typed(JsonTrees.mapper(config), type);
  }

  private static final class Typed implements TypedJsonMapper {
    private final ObjectMapper mapper;
    private final JavaType declared;
    private final boolean asDeclared;
    private final ObjectReader reader;
    private final ObjectWriter writer;

    Typed(ObjectMapper mapper, Type type) {
      this.mapper = mapper;
      declared = mapper.constructType(type);
      asDeclared = declared.isContainerType() || writesTypes(mapper, declared);
      reader = JsonTrees.exact(mapper.readerFor(declared));
      writer = mapper.writerFor(declared);
    }

    /** Whether the JSON says of which subtype a value is; that depends on the declared type. */
    private static boolean writesTypes(ObjectMapper mapper, JavaType declared) {
      try {
        return mapper.getSerializerProviderInstance().findTypeSerializer(declared) != null;
      } catch (JsonMappingException e) {
        throw new UnableToCreateStatementException(e);
      }
    }

    @Override
    public String toJson(Object value, ConfigRegistry config) {
      Class<?> view = config.get(Jackson2Config.class).getSerializationView();
      ObjectWriter fit = writer(value);
      try {
        return (view == null ? fit : fit.withView(view)).writeValueAsString(value);
      } catch (JsonProcessingException e) {
        throw new UnableToCreateStatementException(e);
      }
    }

    private ObjectWriter writer(Object value) {
      Class<?> actual = value.getClass();
      return asDeclared
              || actual == declared.getRawClass()
              || !declared.getRawClass().isInstance(value)
          ? writer
          : mapper.writerFor(mapper.getTypeFactory().constructSpecializedType(declared, actual));
    }

    @Override
    public Object fromJson(String json, ConfigRegistry config) {
      Class<?> view = config.get(Jackson2Config.class).getDeserializationView();
      try {
        return (view == null ? reader : reader.withView(view)).readValue(json);
      } catch (JsonProcessingException e) {
        throw new UnableToProduceResultException(e);
      }
    }
  }
}
