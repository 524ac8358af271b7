package io.everpool.jdbi;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import org.jdbi.v3.json.Json;

/** Types that are JSON, each for another reason. */
final class JsonForms {
  private JsonForms() {}

  /** Has a constant whose class isn't the enum's. */
  @Json
  public enum Mood {
    GLAD,
    SAD {
      @Override
      boolean isGood() {
        return false;
      }
    };

    boolean isGood() {
      return true;
    }
  }

  /** JSON because of what it implements. */
  public enum Unit implements Tagged {
    METRE {
      @Override
      public String tag() {
        return "m";
      }
    },
    SECOND {
      @Override
      public String tag() {
        return "s";
      }
    }
  }

  /** JSON for everything that implements it. */
  @Json
  public interface Tagged {
    @JsonValue
    String tag();
  }

  /** Which shape it is is in the JSON. */
  @Json
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Circle.class, name = "circle"),
    @JsonSubTypes.Type(value = Square.class, name = "square")
  })
  public sealed interface Shape {}

  /** A shape. */
  public record Circle(int radius) implements Shape {}

  /** A shape of a further level, of a name of its own. */
  public sealed interface Angular extends Shape {}

  /** A shape of that level. */
  public record Square(int side) implements Angular {}

  /** JSON that doesn't say what it is. */
  @Json
  public sealed interface Event {}

  /** An event. */
  public record Moved(int by) implements Event {}

  /** A class with a subclass. */
  @Json
  public static class Animal {
    public String name = "";
  }

  /** JSON because its superclass is. */
  public static class Dog extends Animal {
    public int teeth;

    static Dog called(String name, int teeth) {
      Dog dog = new Dog();
      dog.name = name;
      dog.teeth = teeth;
      return dog;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Dog dog && dog.name.equals(name) && dog.teeth == teeth;
    }

    @Override
    public int hashCode() {
      return name.hashCode();
    }
  }

  /** Generic, and of elements whose type only the declaration knows. */
  @Json
  public record Page<T>(int number, List<T> items) {}

  /** Generic and sealed. */
  @Json
  public sealed interface Answer<T> {}

  /** An answer. */
  public record Right<T>(T value) implements Answer<T> {}
}
