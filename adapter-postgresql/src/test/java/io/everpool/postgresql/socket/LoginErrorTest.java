package io.everpool.postgresql.socket;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What is made of the beginning of an ErrorResponse, and of two tries at one host. */
class LoginErrorTest {
  private static final byte[] BODY =
      ("SFEHLER\0VFATAL\0C28P01\0Mkein Zutritt für »app«\0Da detail\0Fauth.c\0Rauth_failed\0\0")
          .getBytes(StandardCharsets.UTF_8);

  private static ServerErrorMessage said(SQLException failure) {
    return Objects.requireNonNull(((PSQLException) failure).getServerErrorMessage());
  }

  @Test
  void itIsWhatTheDriverWouldThrowWithoutDetails() {
    SQLException failure = LoginError.of(BODY);
    assertThat(failure.getSQLState()).isEqualTo("28P01");
    assertThat(failure.getMessage()).isEqualTo("FEHLER: kein Zutritt für »app«");
    assertThat(said(failure).getRoutine()).isEqualTo("auth_failed");
  }

  /** Wherever it is cut off: no half of a field is taken for the whole of it. */
  @Test
  void itMayBeCutOffAnywhere() {
    String whole = "kein Zutritt für »app«";
    for (int length = 0; length <= BODY.length; length++) {
      SQLException failure = LoginError.of(Arrays.copyOf(BODY, length));
      assertThat(said(failure).getMessage()).isIn(whole, "what it says is too long to be repeated");
      assertThat(String.valueOf(failure.getSQLState())).isIn("28P01", "null");
    }
  }

  @ParameterizedTest
  @CsvSource({
    // the first try's SQLState, the second's, whether it was let in, which counts
    "28000, 53300, false, 28000",
    "28000, 28000, false, 28000",
    "28000, , false, 28000",
    "28000, , true, ",
    "53300, 28000, false, 28000",
    "08001, 57P03, false, 57P03",
    ", 57P03, false, 57P03",
    "57P03, , true, ",
  })
  void ofTwoTriesAtOneHostItIsTheOneThatTheDriverThrows(
      @Nullable String first, @Nullable String second, boolean letIn, @Nullable String counts) {
    HostEnd end =
        new HostEnd("a:1", false, failure(first)).then(new HostEnd("a:1", letIn, failure(second)));
    assertThat(end.letIn()).isEqualTo(letIn);
    assertThat(end.failure() == null ? null : end.failure().getSQLState()).isEqualTo(counts);
  }

  private static @Nullable SQLException failure(@Nullable String state) {
    return state == null ? null : new SQLException("said", state);
  }
}
