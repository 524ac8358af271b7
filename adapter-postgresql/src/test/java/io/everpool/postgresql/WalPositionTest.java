package io.everpool.postgresql;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WalPositionTest {
  private static final long PAGE = 8192;
  private static final long SEGMENT = 16 << 20;

  @ParameterizedTest
  @ValueSource(strings = {"1:0/0", "1:0/16B3748", "FFFFFFFF:FFFFFFFF/FFFFFFFF", "2A:1/0"})
  void whatItWritesItReads(String text) {
    assertThat(WalPosition.parse(text)).isNotNull().hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0/0",
        "1:",
        "1:0",
        "1:0/",
        "1:/0",
        "1:0/0/0",
        "1:000000000/0",
        "-1:0/0",
        "1:0/g",
        "1:0/a",
        " 1:0/0",
        "1:0/0\n",
        "1:0/0'"
      })
  void nothingElseIsOne(String text) {
    assertThat(WalPosition.parse(text)).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "1:0/5, 0/5, true",
    "1:0/5, 0/4, false",
    "1:0/FFFFFFFF, 1/0, true",
    "1:1/0, 0/FFFFFFFF, false",
    "1:7FFFFFFF/0, 80000000/0, true",
    "1:80000000/0, 7FFFFFFF/0, false"
  })
  void itComparesWithoutASign(String position, String reached, boolean isReached) {
    WalPosition parsed = requireNonNull(WalPosition.parse(position));
    assertThat(parsed.isReachedBy(WalPosition.lsn(reached))).isEqualTo(isReached);
  }

  /** The header of a page is no record that a standby could replay. */
  @Test
  void theHeaderOfAnEmptyPageIsNotWaitedFor() {
    long page = 5 * SEGMENT + 3 * PAGE;
    assertThat(WalPosition.end(page + 24, PAGE, SEGMENT)).isEqualTo(page);
    assertThat(WalPosition.end(page + 40, PAGE, SEGMENT)).isEqualTo(page + 40);
    assertThat(WalPosition.end(page + 24 + 8, PAGE, SEGMENT)).isEqualTo(page + 32);
    assertThat(WalPosition.end(page, PAGE, SEGMENT)).isEqualTo(page);
    assertThat(WalPosition.end(5 * SEGMENT + 40, PAGE, SEGMENT)).isEqualTo(5 * SEGMENT);
    assertThat(WalPosition.end(5 * SEGMENT + 48, PAGE, SEGMENT)).isEqualTo(5 * SEGMENT + 48);
  }
}
