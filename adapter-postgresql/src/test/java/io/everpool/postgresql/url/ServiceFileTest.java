package io.everpool.postgresql.url;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  @Test
  void whatIsWrongIsSaidWithoutASecret() throws IOException {
    file("[s]\nhost=a\ns3cr3t\n");
    assertThat(ServiceFile.read("s", problems)).containsOnlyKeys("host");
    assertThat(ServiceFile.read("t", problems)).isEmpty();
    assertThat(problems)
        .containsExactly(
            "line 3 of the service file isn't of the form key=value",
            "service \"t\" is in no service file (PGSERVICEFILE)");
  }
}
