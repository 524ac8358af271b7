package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.driver.Connector;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.plugin.AuthenticationPlugin;
import org.postgresql.plugin.AuthenticationRequestType;

/**
 * An opening that fails leaves nothing behind, wherever in the driver it fails: a session that the
 * server keeps takes a place of those there are, once per attempt.
 */
@Tag("contract")
@Timeout(120)
class FailedOpeningTest {
  private FaultProxy proxy;

  @BeforeEach
  void before() {
    proxy = FaultProxy.before(Sessions.tlsServer());
  }

  @AfterEach
  void after() {
    proxy.close();
  }

  private Throwable failure(String query, Map<String, String> properties) {
    PostgresServer server = Sessions.tlsServer();
    String url = server.libpqUrl(proxy.host(), proxy.port()) + query;
    try (Connector connector = Sessions.connector(url, config -> config.properties(properties))) {
      return catchThrowable(() -> connector.open(Sessions.TIMEOUT).abort());
    }
  }

  private void nothingIsLeft() {
    Await.until(Sessions.LIMIT, () -> proxy.open() == 0, "the end of what was begun");
  }

  /** Some versions of pgjdbc read them when the session is there, and forget it if they can't. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "stringtype",
        "unknownLength",
        "preparedStatementCacheQueries",
        "preparedStatementCacheSizeMiB",
        "databaseMetadataCacheFields",
        "binaryTransferEnable",
        "prepareThreshold",
        "defaultRowFetchSize",
        "adaptiveFetchMaximum",
        "maxResultBuffer",
        "replication"
      })
  void aValueThatTheDriverRefusesLeavesNoSession(String property) {
    failure("?sslmode=disable", Map.of(property, "~x"));
    nothingIsLeft();
  }

  @Test
  void anErrorInTheLoginLeavesNoSession() {
    assertThat(
            failure(
                "?sslmode=disable",
                Map.of("authenticationPluginClassName", BrokenPlugin.class.getName())))
        .isInstanceOf(NoClassDefFoundError.class);
    assertThat(proxy.accepted()).isPositive();
    nothingIsLeft();
  }

  @Test
  void anErrorBeforeTheHandshakeLeavesNoSocket() {
    assertThat(failure("?sslmode=require", Map.of("sslfactory", BrokenTls.class.getName())))
        .isInstanceOf(NoClassDefFoundError.class);
    assertThat(proxy.accepted()).isPositive();
    nothingIsLeft();
  }

  /** Where the socket is the user's own the time is bounded by the driver's network timeout. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void aTimeoutThatCannotBeSetLeavesNoSession(int which) {
    FailingSockets.timeouts.set(which);
    failure("?sslmode=disable", Map.of("socketFactory", FailingSockets.class.getName()));
    nothingIsLeft();
  }

  /** Whose timeout can't be set once; made by pgjdbc. */
  public static final class FailingSockets extends ForwardingSocketFactory {
    static final AtomicInteger timeouts = new AtomicInteger();

    public FailingSockets() {
      super(SocketFactory.getDefault());
    }

    @Override
    public Socket createSocket() {
      return new Socket() {
        @Override
        public void setSoTimeout(int timeout) throws SocketException {
          if (timeouts.decrementAndGet() == 0) {
            throw new SocketException("not now");
          }
          super.setSoTimeout(timeout);
        }
      };
    }
  }

  /** One whose library is missing; made by pgjdbc. */
  public static final class BrokenPlugin implements AuthenticationPlugin {
    @Override
    public char[] getPassword(AuthenticationRequestType type) {
      throw new NoClassDefFoundError("com/example/Vault");
    }
  }

  /** The same; made by pgjdbc. */
  public static final class BrokenTls extends SSLSocketFactory {
    @Override
    public Socket createSocket(Socket below, String host, int port, boolean autoClose) {
      throw new NoClassDefFoundError("com/example/Keys");
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(
        InetAddress address, int port, InetAddress localAddress, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public String[] getDefaultCipherSuites() {
      return new String[0];
    }

    @Override
    public String[] getSupportedCipherSuites() {
      return new String[0];
    }
  }
}
