package io.everpool.postgresql.url;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.postgresql.PostgresAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A service file says to each kind of URL what it says to that kind's own client. */
class ServiceFileTest {
  private static final String PROPERTY = "org.postgresql.pgservicefile";

  private Path directory;
  private final List<String> problems = new ArrayList<>();

  @BeforeEach
  void keep(@TempDir Path emptied) {
    directory = emptied;
  }

  @AfterEach
  void forget() {
    System.clearProperty(PROPERTY);
  }

  private void file(String text) throws IOException {
    Path file = directory.resolve("services");
    Files.writeString(file, text);
    System.setProperty(PROPERTY, file.toString());
  }

  @Test
  void theFirstOfANameAndOfAKeyCounts() throws IOException {
    file(
        """
        # a comment
        [a]
        host=wrong
        [b]
          host=right
        port=1

        host=later
        password= s=p
        [b]
        user=second
        """);
    assertThat(ServiceFile.read("b", problems))
        .containsExactly(
            Map.entry("host", "right"), Map.entry("port", "1"), Map.entry("password", " s=p"));
    assertThat(problems).isEmpty();
  }

  @Test
  void aLibpqUrlReadsLibpqsNamesAndAJdbcUrlPgjdbcs() throws IOException {
    file("[s]\nhost=a,b\nport=1,2\ndbname=d\nuser=u\nsslmode=require\nconnect_timeout=7\n");
    Destination libpq =
        LibpqTranslation.of(LibpqUrl.parse("postgresql:///?service=s&user=me", problems), problems);
    assertThat(problems).isEmpty();
    assertThat(libpq.hosts()).hasToString("[a:1, b:2]");
    assertThat(libpq.properties())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("user", "me", "PGDBNAME", "d", "sslmode", "require", "connectTimeout", "7"));
    file("[s]\nhost=a,b\nport=1,2\ndbname=d\nuser=u\nsslmode=require\nconnectTimeout=7\n");
    Destination jdbc = JdbcUrl.parse("jdbc:postgresql:?service=s&user=me", problems);
    assertThat(problems).isEmpty();
    assertThat(jdbc.hosts()).isEqualTo(libpq.hosts());
    assertThat(jdbc.properties()).isEqualTo(libpq.properties());
  }

  private Destination libpq(String url, Map<String, String> environment) {
    Destination said =
        LibpqTranslation.of(LibpqUrl.parse(url, problems), environment, Set.of(), problems);
    assertThat(problems).isEmpty();
    return said;
  }

  /** What the URL says of one is nothing about the other; the environment comes after the file. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "postgresql:///d?service=s         | [file:6432]",
        "postgresql://h/d?service=s        | [h:6432]",
        "postgresql://a,b/d?service=s      | [a:6432, b:6432]",
        "postgresql://:1/d?service=s       | [file:1]",
        "postgresql://u@:1/d?service=s     | [file:1]",
        "postgresql://h:1/d?service=s      | [h:1]",
        "postgresql:///d?host=h&service=s  | [h:6432]",
        "postgresql:///d?port=1&service=s  | [file:1]",
        "postgresql:///d                   | [eh:99]"
      })
  void hostAndPortCountEachForItself(String url, String hosts) throws IOException {
    file("[s]\nhost=file\nport=6432\n");
    Map<String, String> environment = Map.of("host", "eh", "port", "99");
    assertThat(libpq(url, environment).hosts()).hasToString(hosts);
  }

  @Test
  void theEnvironmentFillsWhatTheFileLeavesOpen() throws IOException {
    Map<String, String> environment = Map.of("service", "s", "host", "eh", "port", "99");
    file("[s]\nhost=file\n");
    assertThat(libpq("postgresql:///d", environment).hosts()).hasToString("[file:99]");
    file("[s]\nport=6432\n");
    assertThat(libpq("postgresql:///d", environment).hosts()).hasToString("[eh:6432]");
  }

  @Test
  void noServiceTakesAwayTheTlsOfSslTrue() throws IOException {
    file("[s]\nsslmode=disable\n");
    Map<String, String> none = Map.of();
    assertThat(libpq("postgresql://h/d?service=s&ssl=true", none).properties())
        .containsEntry("sslmode", "require");
    file("[s]\nssl=true\n");
    assertThat(libpq("postgresql://h/d?service=s", Map.of("sslmode", "disable")).properties())
        .containsEntry("sslmode", "require");
    assertThat(libpq("postgresql://h/d?service=s&sslmode=verify-full", none).properties())
        .containsEntry("sslmode", "verify-full");
  }

  /** A line of a file that has one line only of the key, or all of it in one. */
  @Test
  void aKeyThatIsPastedInsteadOfItsPathIsRefusedAndNotShown() throws IOException {
    file("[s]\nhost=h\nsslkey=-----BEGIN PRIVATE KEY----- hunter2\n");
    for (String url : new String[] {"postgresql:///d?service=s", "jdbc:postgresql:d?service=s"}) {
      PoolConfig config = PoolConfig.builder(url).build();
      assertThatThrownBy(() -> new PostgresAdapter().connector(config))
          .isInstanceOf(InvalidPoolConfigException.class)
          .hasMessageContaining("sslkey must be the path of a file")
          .hasMessageNotContaining("hunter2");
    }
  }

  @Test
  void whatIsWrongIsSaidWithoutASecret() throws IOException {
    file("[s]\nhost=a\ns3cr3t\n");
    assertThat(ServiceFile.read("s", problems)).containsOnlyKeys("host");
    assertThat(ServiceFile.read("t;password=s3cr3t", problems)).isEmpty();
    assertThat(problems)
        .containsExactly(
            "line 3 of the service file isn't of the form key=value",
            "the service that is asked for is in no service file (PGSERVICEFILE)");
  }
}
