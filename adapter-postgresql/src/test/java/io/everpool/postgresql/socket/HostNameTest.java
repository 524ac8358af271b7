package io.everpool.postgresql.socket;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which of several hosts a socket was told, by what pgjdbc makes of the URL's spelling. */
class HostNameTest {
  private static final int PORT = 5432;

  /** As pgjdbc makes it, which leaves the brackets where they are. */
  private static InetSocketAddress told(String host) {
    return new InetSocketAddress(host, PORT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[2001:DB8::0a]",
        "[::ffff:10.0.0.1]",
        "127.0.0.1",
        "127.1",
        "10.258",
        "10.1.258",
        "010.0.0.9",
        "2130706433",
        "4294967295",
        "0",
        "localhost",
        "LOCALHOST"
      })
  void aHostIsNamedAsInTheUrl(String host) {
    String spelled = host + ":" + PORT;
    List<String> hosts = List.of("a:5432", host + ":5433", spelled, "b:5432");
    assertThat(HostName.among(hosts, told(host))).isEqualTo(spelled);
    assertThat(HostName.among(hosts, InetSocketAddress.createUnresolved(host, PORT)))
        .isEqualTo(spelled);
  }

  /** What a resolver has made of the only host is that host, whatever it calls it. */
  @ParameterizedTest
  @CsvSource({
    "db.example.com:5432, db.example.com:5432",
    "'other.example.com:5432,third:5432', db.example.com:5432"
  })
  void aHostThatNoneIsKeepsItsNameUnlessThereIsOnlyOne(String hosts, String named) {
    assertThat(
            HostName.among(
                List.of(hosts.split(",")),
                InetSocketAddress.createUnresolved("db.example.com", PORT)))
        .isEqualTo(named);
    assertThat(HostName.among(List.of("[::1]:1"), told("127.0.0.1"))).isEqualTo("[::1]:1");
  }

  /** None of them is an address, and each is only itself. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "256.0.0.1",
        "1.2.3.256",
        "1.2.65536",
        "1.16777216",
        "4294967296",
        "99999999999999999999",
        "1.2.3.4.5",
        "1..2",
        "1.",
        ".1",
        "1.2.3.x",
        "db-1.example.com",
        "[::g]"
      })
  void whatIsNoAddressStays(String host) {
    assertThat(HostName.plain(host + ":1")).isEqualTo(host + ":1");
  }
}
