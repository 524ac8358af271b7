package io.everpool.hibernate;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.ModulePath;
import io.everpool.servers.PostgresServer;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An application of modules (it-tests/src/hibernate), with the oldest and the newest Hibernate,
 * which is no module itself, and so can't ask for those that it needs: ALL-MODULE-PATH.
 */
@Tag("contract")
@Timeout(300)
class ModulePathTest {
  private static final String[] ALL = {"--add-modules", "ALL-MODULE-PATH"};
  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.start();
  }

  @AfterAll
  static void end() {
    server.close();
  }

  @Test
  void anEntityIsSavedThroughAPool(@TempDir Path directory) throws Exception {
    ModulePath path = ModulePath.ofApplication();
    Path classes = path.compile("hibernate", directory);
    assertThat(path.run(classes, server, ALL)).contains("answered by io.everpool.hibernate");
  }

  /** What the README says of jakarta.transaction; when this fails, it needn't any longer. */
  @Test
  void hibernateItselfWantsTwoModulesThatItDoesNotBring(@TempDir Path directory) throws Exception {
    Predicate<String> missing = name -> name.matches("jakarta\\.(cdi|interceptor)");
    ModulePath path = ModulePath.ofApplication().only(missing.negate());
    Path classes = path.compile("hibernate", directory);
    assertThat(path.run(classes, server, ALL))
        .containsPattern(
            "Module jakarta.(cdi|interceptor) not found, required by jakarta.transaction");
  }
}
