package io.everpool.dropwizard;

import static org.assertj.core.api.Assertions.assertThat;

import io.dropwizard.core.Application;
import io.dropwizard.db.ManagedDataSource;
import io.dropwizard.hibernate.HibernateBundle;
import io.dropwizard.jdbi3.JdbiFactory;
import io.dropwizard.migrations.MigrationsBundle;
import io.dropwizard.testing.DropwizardTestSupport;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** That the tests run with the version that they are meant to run with. */
class PresentVersionsTest {
  private static final Pattern VERSIONED = Pattern.compile("(.+?)-\\d.*\\.jar");

  static Stream<Class<?>> parts() {
    return Stream.of(
        Application.class,
        ManagedDataSource.class,
        HibernateBundle.class,
        JdbiFactory.class,
        MigrationsBundle.class,
        DropwizardTestSupport.class);
  }

  @ParameterizedTest
  @MethodSource("parts")
  void dropwizardIsTheOneThatThisRunIsFor(Class<?> part) {
    assertThat(part.getPackage().getImplementationVersion())
        .isEqualTo(System.getProperty("tested.dropwizard"));
  }

  /** Nothing of the other version is left on the class path, where it would be found first. */
  @Test
  void noLibraryIsThereTwice() {
    List<String> names =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .map(entry -> VERSIONED.matcher(Path.of(entry).getFileName().toString()))
            .filter(Matcher::matches)
            .map(jar -> jar.group(1))
            .toList();

    assertThat(names).hasSizeGreaterThan(50).doesNotHaveDuplicates();
  }
}
