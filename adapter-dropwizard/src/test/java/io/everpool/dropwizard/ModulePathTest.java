package io.everpool.dropwizard;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.ModulePath;
import java.lang.module.ModuleReference;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An application of modules (it-tests/src/dropwizard), with Dropwizard 4 and 5, which are no
 * modules and as they are make no module path. docs/dropwizard.md says what has to be done to them;
 * each reason has its test, and when that fails it is none any longer.
 */
@Timeout(300)
class ModulePathTest {
  /** Makes classes in other modules, which know nothing of it. */
  private static final String BLACKBIRD = "com.fasterxml.jackson.module.blackbird";

  /** Of which Dropwizard 4's appender for the log has a copy. */
  private static final String JSPECIFY = "org.jspecify";

  /** The API of servlets as Jetty 11 calls it, which is Dropwizard 4's. */
  private static final String JETTYS = "jetty.servlet.api";

  private static final String OTHERS = "jakarta.servlet";

  private static final ModulePath ALL = ModulePath.ofApplication();

  @TempDir private static Path directory;
  private static Path classes;

  @BeforeAll
  static void compile() throws Exception {
    classes = without(BLACKBIRD, JSPECIFY, servlets()).compile("dropwizard", directory);
  }

  @Test
  void anApplicationAsksThroughItsPool() throws Exception {
    assertThat(run(without(BLACKBIRD, JSPECIFY, servlets())))
        .contains("answered by io.everpool.dropwizard");
  }

  @Test
  void blackbirdIsWantedOnTheClassPath() throws Exception {
    assertThat(run(without(JSPECIFY, servlets())))
        .contains("IllegalAccessException", BLACKBIRD)
        .doesNotContain("answered");
  }

  @Test
  void thePackageOfJspecifyIsThereTwice() throws Exception {
    if (isThere(JETTYS)) {
      assertThat(run(without(BLACKBIRD, servlets())))
          .contains("org.jspecify.annotations")
          .doesNotContain("answered");
    }
  }

  @Test
  void jettyElevenCallsTheServletApiOtherwise() throws Exception {
    if (isThere(JETTYS)) {
      assertThat(run(without(BLACKBIRD, JSPECIFY, JETTYS)))
          .contains("Module jetty.servlet.api not found, required by org.eclipse.jetty.serv");
    }
  }

  /** The API of servlets that has to be left out. */
  private static String servlets() {
    return isThere(JETTYS) ? OTHERS : JETTYS;
  }

  private static boolean isThere(String module) {
    return ALL.modules().stream()
        .map(ModuleReference::descriptor)
        .anyMatch(descriptor -> descriptor.name().equals(module));
  }

  private static ModulePath without(String... names) {
    return ALL.only(Predicate.not(Set.of(names)::contains));
  }

  private static String run(ModulePath path) throws Exception {
    return path.run(
        classes,
        Db.server(),
        "--add-modules",
        "ALL-MODULE-PATH",
        // JBoss Logging from 3.6 on, Dropwizard 5's, looks into whoever logs
        "--add-reads",
        "org.jboss.logging=org.hibernate.validator",
        "-cp",
        ALL.only(BLACKBIRD::equals).toString());
  }
}
