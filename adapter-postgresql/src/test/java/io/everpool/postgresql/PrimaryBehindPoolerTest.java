package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.socket.HostEnd;
import io.everpool.postgresql.socket.KeepAlive;
import io.everpool.postgresql.socket.TlsTerms;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.HostPort;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrimaryBehindPoolerTest {
  private static final SQLException DOWN = new SQLException("Connection refused", "08001");

  private final Pooler pooler = new Pooler(PoolerMode.AUTO);
  private final List<String> asked = new ArrayList<>();

  private Attempt attempt() {
    Destination destination =
        new Destination(
            List.of(new HostPort("a", 5432), new HostPort("b", 5432)),
            Map.of(),
            KeepAlive.DEFAULT,
            TlsTerms.DEFAULT,
            List.of());
    return new Attempt(new ClientCheck(destination, pooler), pooler);
  }

  private void open(Attempt attempt, SQLException failure) throws SQLException {
    new PrimaryBehindPooler("primary", pooler, () -> false)
        .open(
            (same, said, authority, nanos) -> {
              asked.add(authority);
              throw failure;
            },
            attempt,
            Map.of(),
            "a:5432,b:5432",
            2,
            60_000_000_000L);
  }

  /** The next opening is another one, with what goes through a pooler; of however many hosts. */
  @Test
  void aPoolerThatIsFoundByTheFirstOpeningIsNoHostThatWasTurnedAway() {
    assertThatThrownBy(() -> open(attempt(), new Pooler.Found())).isInstanceOf(Pooler.Found.class);
    assertThat(asked).hasSize(1);
  }

  /** A host that has said itself why it lets nobody in wasn't turned away by the driver. */
  @Test
  void onlyTheHostsThatWereNotHeardAreAskedThemselves() {
    Attempt attempt = attempt();
    attempt.hear(List.of(new HostEnd("a:5432", false, DOWN), new HostEnd("b:5432", true, null)));
    assertThatThrownBy(() -> open(attempt, DOWN)).isSameAs(DOWN);
    assertThat(asked).containsExactly("a:5432,b:5432", "b:5432");
  }
}
