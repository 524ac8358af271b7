package io.everpool.guice;

import com.google.inject.Binding;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.TypeLiteral;
import com.google.inject.spi.ExposedBinding;
import com.google.inject.util.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the application has bound where a pool is, or around it. It is looked up when the pool is
 * opened: a module that declared it (an optional binder, a multibinder) would declare it once more
 * in each private module and child injector, which Guice refuses.
 */
final class Surroundings {
  private final Injector injector;

  /** Of the pool whose private injector is {@code pool}. */
  Surroundings(Injector pool) {
    injector = parent(pool);
  }

  /** What is bound to {@code type}, not what Guice could make of it without being told. */
  <T> Optional<T> bound(Class<T> type) {
    return bound(Key.get(type));
  }

  private <T> Optional<T> bound(Key<T> key) {
    for (@Nullable Injector each = injector; each != null; each = each.getParent()) {
      Binding<?> binding = each.getBindings().get(key);
      if (binding != null) {
        return Optional.of(injector.getInstance(key));
      }
    }
    return Optional.empty();
  }

  /** The multibinder's elements for all pools, then those with the annotation of {@code key}. */
  <T> List<T> extensions(Class<T> type, Key<?> key) {
    TypeLiteral<Set<T>> set = setOf(type);
    List<T> all = new ArrayList<>(bound(Key.get(set)).orElse(Set.of()));
    if (key.getAnnotationType() != null) {
      all.addAll(bound(key.ofType(set)).orElse(Set.of()));
    }
    return all;
  }

  /**
   * The child injector with which the pool is made; null if it is made with the injector above all.
   * A private module is made with what is around it, a child after its parent, which goes on
   * without it.
   */
  @Nullable Injector child() {
    Injector each = injector;
    for (Injector parent = each.getParent(); parent != null; parent = each.getParent()) {
      if (!isPrivate(each, parent)) {
        return each;
      }
      each = parent;
    }
    return null;
  }

  private static boolean isPrivate(Injector each, Injector parent) {
    return parent.getBindings().values().stream()
        .anyMatch(
            binding ->
                binding instanceof ExposedBinding<?> exposed
                    && exposed.getPrivateElements().getInjector() == each);
  }

  private static Injector parent(Injector pool) {
    Injector parent = pool.getParent();
    if (parent == null) {
      throw new IllegalStateException("a pool's parts are in a private module");
    }
    return parent;
  }

  /** Guice's own {@code Types} know their parameters, but not the compiler. */
  @SuppressWarnings("unchecked")
  private static <T> TypeLiteral<Set<T>> setOf(Class<T> type) {
    return (TypeLiteral<Set<T>>) TypeLiteral.get(Types.setOf(type));
  }
}
