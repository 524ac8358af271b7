package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Passwords that are read anew for each connection: what counts, and what is told of the rest. */
class PasswordSourcesTest {
  private Path folder;

  @BeforeEach
  void folder(@TempDir Path emptied) {
    folder = emptied;
  }

  private Path written(byte[] content) throws IOException {
    return Files.write(folder.resolve("password"), content);
  }

  private static String read(Path file) throws Exception {
    return CredentialsProvider.file(file).credentials().password();
  }

  /** The editor's, the shell's and the orchestrator's line ends aren't part of it; blanks are. */
  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "sesame,sesame",
        "sesame\\n,sesame",
        "sesame\\r\\n,sesame",
        "sesame\\n\\n,sesame",
        " ses ame \\n, ses ame ",
        "\\uFEFFsesame\\n,sesame",
        "s\u00e9same,s\u00e9same",
        "#x$'\"\\t,#x$'\"\\t"
      })
  void aFileHoldsAPasswordAndLineEnds(String content, String password) throws Exception {
    byte[] bytes =
        content
            .replace("\\n", "\n")
            .replace("\\r", "\r")
            .replace("\\uFEFF", "\uFEFF")
            .getBytes(StandardCharsets.UTF_8);
    Credentials read = CredentialsProvider.file(written(bytes)).credentials();
    assertThat(read.password()).isEqualTo(password);
    assertThat(read.user()).isNull();
    assertThat(read.expiresAt()).isNull();
  }

  /** Also one of the same length within the same moment. */
  @Test
  void aFileIsReadAnewEachTime() throws Exception {
    CredentialsProvider provider = CredentialsProvider.file(written(new byte[] {'a'}));
    assertThat(provider.credentials().password()).isEqualTo("a");
    written(new byte[] {'b'});
    assertThat(provider.credentials().password()).isEqualTo("b");
  }

  @ParameterizedTest
  @CsvSource({
    "'', is empty",
    "'\n', is empty",
    "'\r\n\r\n', is empty",
    "'hunter2\nhunter2', has more than one line",
    "'hunter2\rhunter2\n', has more than one line"
  })
  void whatIsNoPasswordIsToldByTheNameOfTheFile(String content, String why) throws IOException {
    refused(written(content.getBytes(StandardCharsets.UTF_8)), why);
  }

  @Test
  void neitherAreOtherFiles() throws IOException {
    refused(folder.resolve("missing"), "doesn't exist");
    refused(folder, "is a directory");
    refused(written("hunter2".repeat(20_000).getBytes(StandardCharsets.UTF_8)), "is too large");
    refused(
        written(new byte[] {'h', 'u', 'n', 't', 'e', 'r', '2', (byte) 0xff, (byte) 0xfe}),
        "isn't text in UTF-8");
  }

  private static void refused(Path file, String why) {
    assertThatThrownBy(() -> read(file))
        .isInstanceOfSatisfying(
            SQLInvalidAuthorizationSpecException.class,
            e -> assertThat(e.getSQLState()).isEqualTo("28000"))
        .hasMessageStartingWith("The password file " + file + " " + why)
        .hasMessageNotContaining("hunter2");
  }

  /**
   * A reference to the wrong variable puts the password where its file's name belongs: one of a
   * generator, or the token of a cloud, with what a path may have in it as well.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "hunter2",
        "hunter2/x+y==",
        "hunter2/xy",
        "hunter2\\xy",
        "/hunter2",
        "/hunter2+x/y",
        "/a/hunter2==",
        "./hunter2?x",
        "~hunter2/x",
        "x:hunter2/y",
        "db.example.com:5432/?Action=connect&DBUser=app&X-Amz-Signature=hunter2",
        "https://h/hunter2",
        "/a/b@hunter2",
        "/a/b%hunter2",
        "/a/$hunter2"
      })
  void aNameThatMayBeThePasswordItselfIsNotShown(String name) {
    CredentialsProvider provider = CredentialsProvider.file(Path.of(name));
    assertThatThrownBy(provider::credentials)
        .hasMessageContaining("doesn't exist")
        .hasMessageContaining("isn't shown")
        .hasNoCause()
        .hasMessageNotContaining("hunter2");
    assertThat(provider.toString()).doesNotContain("hunter2");
    PoolConfig config = PoolConfig.builder("x").passwordFile(name).build();
    assertThat(config.toString()).contains("passwordFile=***").doesNotContain("hunter2");
  }

  @Test
  void aVariableThatMayBeThePasswordItselfIsNotShown() {
    assertThatThrownBy(() -> CredentialsProvider.environment("hunter2").credentials())
        .hasMessageContaining("isn't set")
        .hasMessageContaining("isn't shown")
        .hasMessageNotContaining("hunter2");
    assertThat(CredentialsProvider.environment("hunter2").toString()).doesNotContain("hunter2");
  }

  @Test
  void aVariableHoldsAPassword() throws Exception {
    Map<String, String> environment = Map.of("DB_PASSWORD", "sesame", "EMPTY", "");
    assertThat(new PasswordVariable("DB_PASSWORD", environment::get).credentials())
        .isEqualTo(Credentials.of("sesame"));
    assertThatThrownBy(() -> new PasswordVariable("EMPTY", environment::get).credentials())
        .hasMessage("The environment variable EMPTY that is to hold the password is empty");
    String none = "NONE_" + UUID.randomUUID().toString().replace('-', '_').toUpperCase(Locale.ROOT);
    assertThatThrownBy(() -> CredentialsProvider.environment(none).credentials())
        .isInstanceOf(SQLInvalidAuthorizationSpecException.class)
        .hasMessage("The environment variable " + none + " that is to hold the password isn't set");
  }

  // ---- as settings

  @ParameterizedTest
  @ValueSource(strings = {"password", "password-file", "password-env"})
  void onlyOneOfThemIsSet(String one) {
    for (String other : new String[] {"password", "password-file", "password-env"}) {
      PoolConfig.Builder builder = PoolConfig.builder("postgresql://db.example.com/shop");
      set(builder, one);
      set(builder, other);
      if (one.equals(other)) {
        assertThat(builder.build().toString()).doesNotContain("hunter2");
      } else {
        String later = later(one, other);
        assertThat(Samples.refusal(builder))
            .containsExactly(
                later
                    + " stands beside "
                    + (later.equals(one) ? other : one)
                    + "; use one of them");
      }
    }
  }

  /** The table's order. */
  private static String later(String one, String other) {
    if (one.equals("password-env") || other.equals("password-env")) {
      return "password-env";
    }
    return "password-file";
  }

  private static void set(PoolConfig.Builder builder, String key) {
    switch (key) {
      case "password" -> builder.password("hunter2");
      case "password-file" -> builder.passwordFile("hunter2");
      default -> builder.passwordEnv("hunter2");
    }
  }

  @Test
  void allThreeAreToldAtOnce() {
    assertThat(
            Samples.refusal(
                PoolConfig.builder("postgresql://db.example.com/shop")
                    .password("p")
                    .passwordFile("/run/f")
                    .passwordEnv("V")))
        .hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/run/secrets/db",
        "/var/run/secrets/..data/db-password.txt",
        "/home/j\u00fcrgen/.pw",
        "./secrets/db",
        "../db.pw",
        "~/db.pw",
        "C:\\Users (x86)\\db.pw",
        "c:/secrets/db",
        "\\\\server\\share\\db"
      })
  void aNameThatLooksLikeThatOfAFileIsShown(String name) {
    assertThat(PoolConfig.builder("x").passwordFile(name).build().toString())
        .contains("passwordFile=" + name);
  }

  @Test
  void aNameThatLooksLikeThatOfAVariableIsShown() {
    assertThat(PoolConfig.builder("x").passwordEnv("DB_PASSWORD").build().toString())
        .contains("passwordEnv=DB_PASSWORD");
  }

  @Test
  void credentialsAreEqualByWhatTheySay() {
    Instant end = Instant.EPOCH;
    Credentials all = Credentials.of("u", "p").expiringAt(end);
    assertThat(all).isEqualTo(Credentials.of("u", "p").expiringAt(end));
    assertThat(all).hasSameHashCodeAs(Credentials.of("u", "p").expiringAt(end));
    assertThat(all).isNotEqualTo(Credentials.of("v", "p").expiringAt(end));
    assertThat(all).isNotEqualTo(Credentials.of("u", "q").expiringAt(end));
    assertThat(all).isNotEqualTo(Credentials.of("u", "p"));
    assertThat(Credentials.of("u", "hunter2").expiringAt(end).toString())
        .contains("user=u", "expiresAt=1970")
        .doesNotContain("hunter2");
  }
}
