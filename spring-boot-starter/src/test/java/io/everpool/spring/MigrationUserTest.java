package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.servers.PostgresServer;
import java.util.List;
import org.assertj.core.util.Throwables;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/**
 * Flyway and Liquibase with a user of their own: Spring Boot asks the pool where its database is.
 */
@Tag("contract")
@Timeout(120)
@Tag("one-jdk")
class MigrationUserTest {
  private static final Class<?> FLYWAY =
      Boot.either(
          "org.springframework.boot.autoconfigure.flyway.FlywayAutoConfiguration",
          "org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration");
  private static final Class<?> LIQUIBASE =
      Boot.either(
          "org.springframework.boot.autoconfigure.liquibase.LiquibaseAutoConfiguration",
          "org.springframework.boot.liquibase.autoconfigure.LiquibaseAutoConfiguration");

  @BeforeAll
  static void createOwner() {
    PostgresServer server = Boot.server();
    server.execute("create role owner login password 'of the owner'");
    server.execute("grant create on database " + server.database() + " to owner");
    server.execute("create schema for_liquibase authorization owner");
  }

  private static ApplicationContextRunner with(Class<?> migrations, String url) {
    PostgresServer server = Boot.server();
    return Boot.runner()
        .withConfiguration(AutoConfigurations.of(migrations))
        .withPropertyValues(
            "spring.datasource.url=" + url,
            "spring.datasource.username=" + server.user(),
            "spring.datasource.password=" + server.password());
  }

  private static String ownerOf(String schema, String table) {
    return Boot.server()
        .ask(
            "select tableowner from pg_tables where schemaname = '"
                + schema
                + "' and tablename = '"
                + table
                + "'");
  }

  /** White space around it is no part of a URL, and no driver's. */
  @Test
  void whatSpringBootIsToldHasNoWhiteSpaceAroundIt() {
    for (String url : List.of(" " + Settings.URL, Settings.URL + "\n", Settings.URL)) {
      assertThat(MigrationUrl.of("shop", PoolConfig.builder(url).build())).isEqualTo(Settings.URL);
    }
  }

  @Test
  void flywayLogsInAsItsOwn() {
    with(FLYWAY, Boot.server().jdbcUrl())
        .withPropertyValues(
            "spring.flyway.user=owner",
            "spring.flyway.password=of the owner",
            "spring.flyway.schemas=for_flyway")
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context.getBean(Pool.class).toString())
                  .doesNotContain(Boot.server().password());
              assertThat(ownerOf("for_flyway", "item")).isEqualTo("owner");
            });
  }

  @Test
  void liquibaseLogsInAsItsOwn() {
    with(LIQUIBASE, Boot.server().jdbcUrl())
        .withPropertyValues(
            "spring.liquibase.user=owner",
            "spring.liquibase.password=of the owner",
            "spring.liquibase.default-schema=for_liquibase",
            "spring.liquibase.change-log=classpath:/db/changelog/db.changelog-master.sql")
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(ownerOf("for_liquibase", "databasechangelog")).isEqualTo("owner");
            });
  }

  /** Its parameters don't all fit into a JDBC URL, and what is missing may be the TLS. */
  @Test
  void aUrlOfLibpqIsNotTranslatedButSaidToBeOne() {
    with(FLYWAY, Boot.server().libpqUrl())
        .withPropertyValues("spring.flyway.user=owner", "spring.flyway.password=of the owner")
        .run(
            context ->
                assertThat(context.getStartupFailure())
                    .hasStackTraceContaining("set spring.flyway.url or spring.liquibase.url")
                    .satisfies(
                        thrown ->
                            assertThat(thrown.toString())
                                .doesNotContain(Boot.server().password())));
  }

  /** Spring Boot asks for the URL alone: the owner's password would go out without that TLS. */
  @Test
  void whatIsSaidOfTlsBesideTheUrlIsNotLost() {
    refuses(
        withOwner(FLYWAY, Boot.server().jdbcUrl())
            .withPropertyValues(
                "everpool.properties.sslmode=verify-full", "everpool.fail-fast=false"),
        "sslmode");
  }

  @Test
  void whatIsSaidOfTlsToHikariIsNotLost() {
    refuses(
        withOwner(FLYWAY, Boot.server().jdbcUrl())
            .withPropertyValues(
                "spring.datasource.hikari.data-source-properties.sslrootcert=/nowhere/root.crt",
                "everpool.fail-fast=false"),
        "sslrootcert");
  }

  /** To the driver it is that user who logs in, whatever other it is told of. */
  @Test
  void aUserInTheUrlDoesNotLogInInsteadOfTheOwner() {
    PostgresServer server = Boot.server();
    refuses(
        withOwner(
            FLYWAY, server.jdbcUrl() + "?user=" + server.user() + "&password=" + server.password()),
        "has a user or a password in its URL");
  }

  /** There it overrules what stands beside the URL. */
  @Test
  void whatTheUrlSaysOfTlsHoldsForTheOwner() {
    with(FLYWAY, Boot.server().jdbcUrl() + "?sslmode=disable")
        .withPropertyValues(
            "everpool.properties.sslmode=prefer",
            "spring.flyway.user=owner",
            "spring.flyway.password=of the owner",
            "spring.flyway.schemas=beside_tls")
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(ownerOf("beside_tls", "item")).isEqualTo("owner");
            });
  }

  private static ApplicationContextRunner withOwner(Class<?> migrations, String url) {
    return Boot.runner()
        .withConfiguration(AutoConfigurations.of(migrations))
        .withPropertyValues(
            "spring.datasource.url=" + url,
            "spring.flyway.user=owner",
            "spring.flyway.password=of the owner");
  }

  private static void refuses(ApplicationContextRunner application, String reason) {
    application.run(
        context ->
            assertThat(context.getStartupFailure())
                .hasStackTraceContaining("set spring.flyway.url or spring.liquibase.url")
                .hasStackTraceContaining(reason)
                .satisfies(
                    thrown ->
                        assertThat(Throwables.getStackTrace(thrown))
                            .doesNotContain(Boot.server().password())));
  }
}
