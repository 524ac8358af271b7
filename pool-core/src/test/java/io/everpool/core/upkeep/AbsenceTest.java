package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class AbsenceTest {

  @Test
  void whereNothingListensNobodyIs() {
    for (Exception cause :
        new Exception[] {
          new ConnectException("refused"),
          new UnknownHostException("x"),
          new NoRouteToHostException()
        }) {
      assertThat(Absence.nobodyThere(new SQLException("x", "08001", cause))).isTrue();
    }
  }

  /** What is silent, hangs up or says that it starts is there, or soon will be. */
  @Test
  void whoeverIsSilentOrSaysThatItStartsIsWaitedFor() {
    assertThat(Absence.nobodyThere(new SQLException("the system is starting up", "57P03")))
        .isFalse();
    for (Exception cause :
        new Exception[] {new SocketTimeoutException("silent"), new EOFException()}) {
      assertThat(Absence.nobodyThere(new SQLException("x", "08001", cause))).isFalse();
    }
  }
}
