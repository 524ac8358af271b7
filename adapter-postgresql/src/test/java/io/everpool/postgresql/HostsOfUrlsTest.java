package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.everpool.api.PoolConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Where a port may stand, and where an address of IPv6, in every form of an address. */
class HostsOfUrlsTest {
  private static final PostgresAdapter ADAPTER = new PostgresAdapter(variable -> null);

  private static PoolConfig config(String url) {
    return PoolConfig.builder(url).build();
  }

  private static final String PORT_IN_HOST = "a port stands in port";
  private static final String COLONS = "put an IPv6 address in brackets";

  static Stream<Arguments> misplacedPorts() {
    return Stream.of(
        arguments("host=h:1", PORT_IN_HOST),
        arguments("host=h:1 port=2", PORT_IN_HOST),
        arguments("host=a,b:1", PORT_IN_HOST),
        arguments("host=h:", PORT_IN_HOST),
        arguments("host=:1", PORT_IN_HOST),
        arguments("host=db:1:2", PORT_IN_HOST),
        arguments("host=::1:hunter2", PORT_IN_HOST),
        arguments("host=1:2:3:4:5:6:7", PORT_IN_HOST),
        arguments("postgresql:///d?host=h:1", PORT_IN_HOST),
        arguments("postgresql://h%3A1/d", PORT_IN_HOST),
        arguments("jdbc:postgresql:d?host=h:1", PORT_IN_HOST),
        arguments("jdbc:postgresql:d?PGHOST=h:1&PGPORT=2", PORT_IN_HOST),
        arguments("Host=h:1:2", PORT_IN_HOST),
        arguments("Host=[", "a character that no host name has"),
        arguments("Host=[]:1", "a character that no host name has"),
        arguments("Host=a:1,b;Port=1,2", PORT_IN_HOST),
        arguments("postgresql://2001:db8::1/d", COLONS),
        arguments("jdbc:postgresql://2001:db8::1/d", COLONS),
        arguments("jdbc:postgresql://2001:db8::1:5432/d", COLONS),
        arguments("jdbc:postgresql://::1/d", COLONS),
        arguments("jdbc:postgresql://a,h:1:2/d", COLONS),
        arguments("jdbc:postgresql://[::1]:1:2/d", "IPv6 address is of the form [address]:port"),
        arguments("jdbc:postgresql://[::1]1/d", "IPv6 address is of the form [address]:port"),
        arguments("jdbc:postgresql://[::1/d", "IPv6 address is of the form [address]:port"));
  }

  @ParameterizedTest
  @MethodSource("misplacedPorts")
  void aPortInTheWrongPlaceIsRefused(String url, String words) {
    assertThat(UrlForms.problems(ADAPTER, config(url)))
        .singleElement()
        .asString()
        .contains(words)
        .doesNotContain("hunter2");
  }

  @Test
  void norIsItTakenFromAVariableOrAService(@TempDir Path directory) throws IOException {
    Path services = directory.resolve("services");
    Files.writeString(services, "[s]\nhost=h:1\n");
    PostgresAdapter adapter = new PostgresAdapter(Map.of("PGHOST", "h:1")::get);
    assertThat(UrlForms.problems(adapter, config("postgresql:///d")))
        .asString()
        .contains(PORT_IN_HOST);
    System.setProperty("org.postgresql.pgservicefile", services.toString());
    try {
      for (String url : List.of("postgresql:///?service=s", "jdbc:postgresql:?service=s")) {
        assertThat(UrlForms.problems(ADAPTER, config(url))).asString().contains(PORT_IN_HOST);
      }
    } finally {
      System.clearProperty("org.postgresql.pgservicefile");
    }
  }

  /** As Npgsql has it: each host may have its own port, and the others have the one of Port. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Host=h:1                 | h:1",
        "Host=h:1;Port=2          | h:1",
        "Port=2;Host=a,b:1        | a:2,b:1",
        "Host=a:1,b               | a:1,b:5432",
        "Server=::1               | [::1]:5432",
        "Server=::1;Port=2        | [::1]:2",
        "Server=[::1]             | [::1]:5432",
        "Server=[::1]:1,h:2       | [::1]:1,h:2",
        "Host=::ffff:127.0.0.1    | [::ffff:127.0.0.1]:5432",
        "host=::1,2001:db8::1     | [::1]:5432,[2001:db8::1]:5432"
      })
  void aHostOfNpgsqlsMayHaveAPort(String url, String authority) {
    assertThat(ADAPTER.destination(config(url)).authority()).isEqualTo(authority);
  }
}
