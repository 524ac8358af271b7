package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.module.ModuleDescriptor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Whatever of a type or a module may break who uses it changes a line. Public, or nobody could name
 * the types in it.
 */
public class PublicApiTest {

  /** Bounds and nullness of all kinds. */
  public abstract static class Shown<T extends @Nullable Object, N extends Number & Comparable<N>>
      implements Comparable<@Nullable String> {
    public static final int LIMIT = 3;
    public static final String NAME = "name";
    protected @Nullable String field;

    protected Shown(@Nullable String... all) {}

    public abstract @Nullable T get(String key, @Nullable List<? extends @Nullable T> of)
        throws IOException;

    public <X extends Exception> String @Nullable [] array(Map<String, ? super X> map) throws X {
      return null;
    }
  }

  /** Is compared by its order. */
  public enum Ordered {
    SECOND,
    FIRST
  }

  /** Says where it may stand, and what is so where nobody says. */
  @Inherited
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.METHOD, ElementType.TYPE})
  public @interface Marked {
    int attempts() default 5;

    String label() default "";

    Class<?>[] on() default {Error.class};

    boolean must();
  }

  /** What implementers needn't write, and what they must. */
  public interface Implemented {
    default void may() {}

    void must();
  }

  private static List<String> lines(Class<?>... types) throws ClassNotFoundException {
    Set<String> names = Arrays.stream(types).map(Class::getName).collect(Collectors.toSet());
    String here = PublicApiTest.class.getName();
    return PublicApi.describe(names, PublicApiTest.class.getClassLoader())
        .lines()
        .map(line -> line.strip().replace(here, "Here").replace("java.lang.", ""))
        .toList();
  }

  @Test
  void theNullnessAndTheBoundsAreThere() throws Exception {
    assertThat(lines(Shown.class))
        .containsExactlyInAnyOrder(
            "abstract class Here$Shown<T extends @Nullable Object,N extends Number & Comparable<N>>"
                + " : Comparable<@Nullable String>",
            "protected Here$Shown(@Nullable String...)",
            "protected @Nullable String Here$Shown.field",
            "public abstract @Nullable T Here$Shown.get(String,@Nullable java.util.List<? extends"
                + " @Nullable T>) throws java.io.IOException",
            "public <X extends Exception> String @Nullable [] Here$Shown.array(java.util.Map<String,"
                + " ? super X>) throws X",
            "public static final String Here$Shown.NAME = \"name\"",
            "public static final int Here$Shown.LIMIT = 3");
  }

  @Test
  void theOrderOfAnEnumIsThere() throws Exception {
    assertThat(lines(Ordered.class))
        .contains("final enum Here$Ordered : Enum<Here$Ordered> { SECOND, FIRST }");
  }

  @Test
  void whatAnAnnotationSaysOfItselfIsThere() throws Exception {
    assertThat(lines(Marked.class))
        .containsExactlyInAnyOrder(
            "@Retention(RUNTIME) @Target(METHOD, TYPE) @Inherited @interface Here$Marked :"
                + " annotation.Annotation",
            "public abstract int Here$Marked.attempts() = 5",
            "public abstract String Here$Marked.label() = \"\"",
            "public abstract Class<?>[] Here$Marked.on() = {class Error}",
            "public abstract boolean Here$Marked.must()");
  }

  @Test
  void whatMustBeImplementedIsTold() throws Exception {
    assertThat(lines(Implemented.class))
        .containsExactlyInAnyOrder(
            "interface Here$Implemented",
            "public abstract void Here$Implemented.must()",
            "public default void Here$Implemented.may()");
  }

  @Test
  void theModulesOwnWordsAreThere() {
    ModuleDescriptor module =
        ModuleDescriptor.newModule("a.b")
            .requires(Set.of(ModuleDescriptor.Requires.Modifier.TRANSITIVE), "java.sql")
            .requires("java.naming")
            .packages(Set.of("a.b", "a.b.hidden"))
            .exports("a.b")
            .exports("a.b.hidden", Set.of("a.c"))
            .uses("a.b.Service")
            .provides("java.sql.Driver", List.of("a.b.hidden.Driver"))
            .build();
    assertThat(PublicApi.describe(module).lines().map(String::strip))
        .containsExactly(
            "module a.b",
            "requires transitive java.sql",
            "exports a.b",
            "provides java.sql.Driver with a.b.hidden.Driver",
            "uses a.b.Service");
  }
}
