package io.everpool.guice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.codahale.metrics.MetricRegistry;
import com.google.inject.Binder;
import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Inject;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.Module;
import com.google.inject.PrivateModule;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.name.Names;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import java.lang.annotation.Annotation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Over H2: two pools beside each other, wherever their modules are installed. Either both are there
 * and end with the one shutdown, or one sentence says what to do.
 */
final class NeighboursTest {
  private static final Annotation ONE = Names.named("one");
  private static final Annotation TWO = Names.named("two");

  private final List<Injector> injectors = new ArrayList<>();

  @AfterEach
  void close() {
    for (Injector injector : injectors) {
      injector.getInstance(EverpoolShutdown.class).close();
    }
  }

  /** What a private module exposes: a repository over the pool inside. */
  private record Repository(Pool pool, Jdbi jdbi, DataSource dataSource) {}

  /** Two pools at two places. */
  private enum Places {
    SIDE_BY_SIDE {
      @Override
      Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and) {
        Injector both = Guice.createInjector(first, second);
        return new Injector[] {both, both};
      }
    },
    ONE_IN_A_PRIVATE_MODULE {
      @Override
      Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and) {
        Injector root = Guice.createInjector(first, new Inside(second, and, "second"));
        return new Injector[] {root, root};
      }
    },
    THE_PRIVATE_MODULE_FIRST {
      @Override
      Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and) {
        Injector root = Guice.createInjector(new Inside(second, and, "second"), first);
        return new Injector[] {root, root};
      }
    },
    IN_TWO_PRIVATE_MODULES {
      @Override
      Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and) {
        Injector root =
            Guice.createInjector(new Inside(first, of, "first"), new Inside(second, and, "second"));
        return new Injector[] {root, root};
      }
    },
    A_PRIVATE_MODULE_IN_ANOTHER {
      @Override
      Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and) {
        Injector root =
            Guice.createInjector(
                new PrivateModule() {
                  @Override
                  protected void configure() {
                    install(new Inside(first, of, "first"));
                    install(new Inside(second, and, "second"));
                    expose(repository("first"));
                    expose(repository("second"));
                  }
                });
        return new Injector[] {root, root};
      }
    },
    IN_PARENT_AND_CHILD {
      @Override
      Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and) {
        Injector parent = Guice.createInjector(first);
        return new Injector[] {parent, child(parent, second)};
      }
    },
    IN_TWO_CHILDREN {
      @Override
      Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and) {
        Injector parent = Guice.createInjector();
        return new Injector[] {child(parent, first), child(parent, second)};
      }
    },
    A_CHILD_WITH_A_PRIVATE_MODULE {
      @Override
      Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and) {
        Injector parent = Guice.createInjector(first);
        return new Injector[] {parent, child(parent, new Inside(second, and, "second"))};
      }
    };

    abstract Injector[] inject(Module first, Module second, Key<Pool> of, Key<Pool> and);

    /** A child that can't be made leaves its parent open; nobody else would close it here. */
    static Injector child(Injector parent, Module module) {
      try {
        return parent.createChildInjector(module);
      } catch (CreationException e) {
        parent.getInstance(EverpoolShutdown.class).close();
        throw e;
      }
    }

    /** Whether what is installed at one place is seen from the other. */
    boolean inReach() {
      return this != IN_TWO_PRIVATE_MODULES
          && this != A_PRIVATE_MODULE_IN_ANOTHER
          && this != IN_TWO_CHILDREN;
    }
  }

  /** A private module of the application's. */
  private static final class Inside extends PrivateModule {
    private final Module pool;
    private final Key<Pool> key;
    private final String name;

    Inside(Module pool, Key<Pool> key, String name) {
      this.pool = pool;
      this.key = key;
      this.name = name;
    }

    @Override
    protected void configure() {
      install(pool);
      var inner = getProvider(key);
      var jdbi = getProvider(key.ofType(Jdbi.class));
      var dataSource = getProvider(key.ofType(DataSource.class));
      bind(repository(name))
          .toProvider(() -> new Repository(inner.get(), jdbi.get(), dataSource.get()));
      expose(repository(name));
    }
  }

  private static Key<Repository> repository(String name) {
    return Key.get(Repository.class, Names.named(name));
  }

  private static Key<Pool> key(@Nullable Annotation annotation) {
    return annotation == null ? Key.get(Pool.class) : Key.get(Pool.class, annotation);
  }

  private static EverpoolModule module(String name, @Nullable Annotation annotation) {
    EverpoolModule module = EverpoolModule.of(Traces.h2(name).build());
    return annotation == null ? module : module.annotatedWith(annotation);
  }

  static Stream<Arguments> placesAndAnnotations() {
    return Stream.of(Places.values())
        .flatMap(
            places ->
                Stream.of(
                    Arguments.of(places, null, null),
                    Arguments.of(places, null, TWO),
                    Arguments.of(places, ONE, null),
                    Arguments.of(places, ONE, TWO),
                    Arguments.of(places, ONE, ONE)));
  }

  @ParameterizedTest(name = "{0}: {1}, {2}")
  @MethodSource("placesAndAnnotations")
  void twoPoolsLiveSideBySideOrOneSentenceSaysHow(
      Places places, @Nullable Annotation first, @Nullable Annotation second) {
    Key<Pool> of = key(first);
    Key<Pool> and = key(second);

    if (of.equals(and) && places.inReach()) {
      CreationException refusal =
          catchThrowableOfType(
              CreationException.class,
              () ->
                  places.inject(
                      module("neighbour-a", first), module("neighbour-b", second), of, and));

      // Guice says it of each key: Pool, DataSource, Jdbi
      assertThat(refusal.getErrorMessages()).hasSizeLessThanOrEqualTo(3);
      assertThat(refusal)
          .hasMessageContaining(
              "pool \"neighbour-b\", which has "
                  + (second == null ? "no annotation" : "the annotation of another")
                  + ": pools of an injector, its private modules and its children need different"
                  + " ones, such as"
                  + " EverpoolModule.of(...).annotatedWith(Names.named(\"neighbour-b\"))");
      Traces.awaitNoThreads("neighbour-a");
      Traces.awaitNoThreads("neighbour-b");
      return;
    }
    Injector[] made =
        places.inject(module("neighbour-a", first), module("neighbour-b", second), of, and);
    injectors.addAll(List.of(made));

    Repository a = repository(made[0], of, "first");
    Repository b = repository(made[1], and, "second");

    for (Repository each : List.of(a, b)) {
      assertThat(each.dataSource()).isSameAs(each.pool());
      assertThat(databaseOf(each.jdbi())).isEqualToIgnoringCase(each.pool().name());
    }
    assertThat(a.pool().name()).isEqualTo("neighbour-a");
    assertThat(b.pool().name()).isEqualTo("neighbour-b");

    EverpoolShutdown shutdown = made[0].getInstance(EverpoolShutdown.class);
    assertThat(made[1].getInstance(EverpoolShutdown.class)).isSameAs(shutdown);
    shutdown.close();

    assertThat(a.pool().isClosed()).isTrue();
    assertThat(b.pool().isClosed()).isTrue();
  }

  private static Repository repository(Injector injector, Key<Pool> pool, String name) {
    return injector.getBindings().containsKey(repository(name))
        ? injector.getInstance(repository(name))
        : new Repository(
            injector.getInstance(pool),
            injector.getInstance(pool.ofType(Jdbi.class)),
            injector.getInstance(pool.ofType(DataSource.class)));
  }

  private static String databaseOf(Jdbi jdbi) {
    return jdbi.withHandle(handle -> handle.select("select database()").mapTo(String.class).one());
  }

  /** A shutdown that was made before serves pools in private modules and children as well. */
  @Test
  void aShutdownMadeBeforehandClosesPoolsWhereverTheyAre() {
    try (EverpoolShutdown shutdown = new EverpoolShutdown()) {
      Injector root =
          Guice.createInjector(
              Binder::requireExplicitBindings,
              shutdown.module(),
              module("given-root", null),
              new Inside(module("given-inside", TWO), key(TWO), "second"));
      Injector child = root.createChildInjector(module("given-child", ONE));

      assertThat(child.getInstance(EverpoolShutdown.class)).isSameAs(shutdown);
      assertThat(Traces.hasThreads("given-inside")).isTrue();
      assertThat(child.getInstance(key(ONE)).isClosed()).isFalse();
    }
    for (String name : List.of("given-root", "given-inside", "given-child")) {
      Traces.awaitNoThreads(name);
    }
  }

  /** A child of its own end, over a parent that has no pool. */
  @Test
  void aChildMayHaveAShutdownOfItsOwn() {
    Injector parent = Guice.createInjector();
    EverpoolShutdown first = new EverpoolShutdown();
    Injector one = parent.createChildInjector(first.module(), module("child-one", null));
    Injector two =
        parent.createChildInjector(new EverpoolShutdown().module(), module("child-two", null));
    injectors.addAll(List.of(one, two));

    first.close();

    assertThat(one.getInstance(Pool.class).isClosed()).isTrue();
    assertThat(two.getInstance(Pool.class).isClosed()).isFalse();
  }

  /** The parent is in use, and its pools aren't the child's to close. */
  @Test
  void aChildThatFailsClosesItsOwnPoolsAndNotItsParents() {
    Injector parent = Guice.createInjector(module("kept", null));
    injectors.add(parent);

    CreationException failure =
        catchThrowableOfType(
            CreationException.class,
            () ->
                parent.createChildInjector(
                    module("child-good", ONE),
                    new Inside(failing(), key(TWO), "second"),
                    module("child-late", Names.named("late"))));

    assertThat(failure).hasMessageContaining("pool \"child-bad\" can't be opened: ");
    Traces.awaitNoThreads("child-");
    assertThat(parent.getInstance(Pool.class).isClosed()).isFalse();
    assertThat(databaseOf(parent.getInstance(Jdbi.class))).isEqualToIgnoringCase("kept");

    Injector another = parent.createChildInjector(module("child-again", ONE));
    assertThat(another.getInstance(key(ONE)).isClosed()).isFalse();
  }

  /** A private module comes with the injector around it, or neither does. */
  @Test
  void aPrivateModuleThatFailsClosesThePoolsAroundItToo() {
    CreationException failure =
        catchThrowableOfType(
            CreationException.class,
            () ->
                Guice.createInjector(
                    module("around", null),
                    new Inside(module("beside", ONE), key(ONE), "first"),
                    new Inside(failing(), key(TWO), "second")));

    assertThat(failure).hasMessageContaining("pool \"child-bad\" can't be opened: ");
    Traces.awaitNoThreads("around");
    Traces.awaitNoThreads("beside");
  }

  private static EverpoolModule failing() {
    PoolConfig nowhere =
        PoolConfig.builder("jdbc:h2:tcp://localhost:1/none")
            .name("child-bad")
            .acquireTimeout(Duration.ofMillis(300))
            .build();
    return EverpoolModule.of(nowhere).annotatedWith(TWO);
  }

  /** What is bound around a pool is for all within; what is bound beside it is for it. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void metricsAndPluginsAreFoundAroundAPool(boolean within) {
    MetricRegistry registry = new MetricRegistry();
    Module extensions =
        binder -> {
          binder.bind(MetricRegistry.class).toInstance(registry);
          Multibinder.newSetBinder(binder, JdbiPlugin.class)
              .addBinding()
              .toInstance(Traces.saying("all "));
          Multibinder.newSetBinder(binder, JdbiPlugin.class, TWO)
              .addBinding()
              .toInstance(Traces.saying("two"));
        };
    Module nothing = binder -> {};

    Injector injector =
        Guice.createInjector(
            within ? nothing : extensions,
            new PrivateModule() {
              @Override
              protected void configure() {
                install(within ? extensions : nothing);
                install(new Inside(module("measured", TWO), key(TWO), "second"));
                expose(repository("second"));
              }
            });
    injectors.add(injector);

    assertThat(registry.getNames()).isNotEmpty().allMatch(name -> name.contains("measured"));
    assertThat(Traces.heardBy(injector.getInstance(repository("second")).jdbi()))
        .isEqualTo("all two");
  }

  /** Guice would make a registry out of nothing, which nobody reads. */
  @Test
  void aRegistryThatNobodyBoundIsNotMade() {
    Injector injector =
        Guice.createInjector(
            module("unmeasured", null), binder -> binder.bind(Reader.class).asEagerSingleton());
    injectors.add(injector);

    assertThat(injector.getInstance(MetricRegistry.class).getNames()).isEmpty();
    assertThat(injector.getInstance(Reader.class).registry.getNames()).isEmpty();
  }

  private static final class Reader {
    final MetricRegistry registry;

    @Inject
    Reader(MetricRegistry registry) {
      this.registry = registry;
    }
  }
}
