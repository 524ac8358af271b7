package io.everpool.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.console.Console;
import io.everpool.servers.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The demo on somebody's database: it takes away what it made, and nothing else. */
@Timeout(120)
class DemoTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private PostgresServer server;

  @BeforeEach
  void start() {
    server = PostgresServer.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private boolean perform() throws InterruptedException {
    return Demo.perform(
        new Screen(new PrintStream(out, true, StandardCharsets.UTF_8), false),
        new Database.Given(server.libpqUrl()),
        Console.readOnly(),
        Photographer.fromProperty(URI.create("http://localhost/")));
  }

  private String schemas() {
    return server.ask("select count(*) from pg_namespace where nspname = 'everpool_demo'");
  }

  /** A run that was cut off by Ctrl-C has left it; or it is somebody's own. */
  @Test
  void a_schema_that_is_there_is_told_and_left() throws Exception {
    server.execute("create schema everpool_demo");

    assertThat(perform()).isFalse();

    assertThat(out.toString(StandardCharsets.UTF_8).lines())
        .singleElement()
        .asString()
        .contains("everpool_demo", "earlier run", "drop schema everpool_demo cascade");
    assertThat(schemas()).isEqualTo("1");
  }

  @Test
  void what_it_made_is_removed_though_the_accounts_fail() throws Exception {
    server.execute(
        "create function spoil() returns event_trigger language plpgsql as"
            + " $$ begin alter table everpool_demo.account add check (balance < 0); end $$;"
            + " create event trigger spoiler on ddl_command_end when tag in ('CREATE INDEX')"
            + " execute function spoil()");

    assertThatThrownBy(this::perform).hasMessageContaining("violates check constraint");

    assertThat(schemas()).isEqualTo("0");
  }
}
