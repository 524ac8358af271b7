package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.socket.KeepAlive;
import io.everpool.postgresql.socket.TlsTerms;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.HostPort;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What one login asks of the driver. */
class LoginPropertiesTest {

  /** Of more pgjdbc would make a negative number of milliseconds, and fail each connect. */
  @ParameterizedTest
  @CsvSource({"1, 86400", "24, 2073600", "25, 2147483", "30, 2147483", "365, 2147483"})
  void aTimeoutIsAtMostWhatTheDriverCanCount(int days, String seconds) {
    Destination destination =
        new Destination(
            List.of(new HostPort("db.example.com", 5432)),
            Map.of(),
            KeepAlive.DEFAULT,
            TlsTerms.DEFAULT,
            List.of());
    LoginProperties login =
        new LoginProperties(
            destination, new ClientCheck(destination, new Pooler(PoolerMode.TRANSACTION)));
    assertThat(login.properties(Map.of(), "db.example.com:5432", Duration.ofDays(days).toNanos()))
        .containsEntry(PropertyNames.CONNECT_TIMEOUT, seconds);
  }
}
