package io.everpool.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.hibernate.HibernateException;
import org.hibernate.cfg.AvailableSettings;
import org.hibernate.engine.jdbc.connections.internal.ConnectionProviderInitiator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What Hibernate's own provider passes to the driver arrives there with ours, too. */
@Tag("contract")
@Tag("one-jdk")
class DriverSettingsTest {
  private static final String PREFIX = "hibernate.connection.";

  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.start();
  }

  @AfterAll
  static void end() {
    server.close();
  }

  private static Map<String, Object> settings() {
    Map<String, Object> settings = new TreeMap<>();
    settings.put("jakarta.persistence.jdbc.url", server.jdbcUrl());
    settings.put("jakarta.persistence.jdbc.user", server.user());
    settings.put("jakarta.persistence.jdbc.password", server.password());
    return settings;
  }

  private static Map<String, Object> with(String name, Object value) {
    Map<String, Object> settings = settings();
    settings.put(name, value);
    return settings;
  }

  private static Map<String, String> properties(Map<String, Object> settings) {
    return HibernateSettings.read(settings).properties();
  }

  @ParameterizedTest
  @CsvSource({
    "sslmode, verify-full",
    "ssl, true",
    "sslrootcert, /run/ca.pem",
    "sslpassword, s3cret",
    "ApplicationName, shop",
    "currentSchema, shop",
    "reWriteBatchedInserts, true",
    "socketTimeout, 10",
    "options, -c statement_timeout=5s",
    "charSet, UTF8",
    "dotted.name, x"
  })
  void aPropertyOfTheDriversIsPassedOnAsHibernateDoes(String name, String value) {
    Map<String, Object> settings = with(PREFIX + name, value);

    Properties hibernates = ConnectionProviderInitiator.getConnectionProperties(settings);

    assertThat(properties(settings)).isEqualTo(Map.of(name, value));
    assertThat(hibernates).containsEntry(name, value);
  }

  @Test
  void whatIsNoTextIsOneForTheDriver() {
    assertThat(properties(with(PREFIX + "reWriteBatchedInserts", true)))
        .isEqualTo(Map.of("reWriteBatchedInserts", "true"));
  }

  /** One that would have certificates checked, say: it isn't dropped for a driver's beside it. */
  @Test
  void aTextInPlaceOfOurPropertiesIsRefused() {
    Map<String, Object> settings = with(PREFIX + "ApplicationName", "shop");
    settings.put("hibernate.everpool.properties", Map.of("sslmode", "verify-full"));
    assertThatThrownBy(() -> HibernateSettings.read(settings)).hasMessageContaining("properties");
  }

  /** Hibernate passes it on as the driver's property, which is who logs in. */
  @Test
  void whoLogsInMayBeSaidByTheDriversName() {
    Map<String, Object> settings = with(PREFIX + "user", "app");
    assertThat(HibernateSettings.read(settings).user()).isEqualTo(server.user());
    settings.remove("jakarta.persistence.jdbc.user");
    assertThat(HibernateSettings.read(settings).user()).isEqualTo("app");
    assertThat(properties(settings)).isEmpty();
  }

  /** Hibernate passes both to the driver, to which what stands in the URL counts before. */
  @ParameterizedTest
  @CsvSource({
    "url, hibernate.connection.username, hibernate.connection.password",
    "url, hibernate.connection.user, hibernate.connection.password",
    "hibernate.connection.url, hibernate.connection.username, hibernate.connection.password",
    "hibernate.connection.url, hibernate.connection.user, hibernate.connection.password",
    "jakarta.persistence.jdbc.url, hibernate.connection.username, hibernate.connection.password",
    "jakarta.persistence.jdbc.url, hibernate.connection.user, hibernate.connection.password"
  })
  void theUrlSaysWhoLogsInBeforeHibernatesKeys(String url, String user, String password)
      throws Exception {
    for (String more : new String[] {"?user=%s&password=%s", "?user=%s", "?password=%2$s"}) {
      String where = server.jdbcUrl().replaceFirst("\\?.*", "");
      String whole = where + more.formatted(server.user(), server.password());
      Map<String, Object> settings = new TreeMap<>();
      settings.put(url.equals("url") ? "hibernate.everpool.url" : url, whole);
      settings.put(user, more.contains("user") ? "nobody" : server.user());
      settings.put(password, more.contains("password") ? "wrong" : server.password());
      settings.put("hibernate.everpool.fail-fast", "true");
      settings.put("hibernate.everpool.max-size", "1");

      try (Connection hibernates =
          DriverManager.getConnection(
              whole, ConnectionProviderInitiator.getConnectionProperties(settings))) {
        assertThat(hibernates.getMetaData().getUserName()).isEqualTo(server.user());
      }
      EverpoolConnectionProvider provider = new EverpoolConnectionProvider();
      provider.configure(settings);
      try (Connection connection = provider.getConnection()) {
        assertThat(connection.getMetaData().getUserName()).as(more).isEqualTo(server.user());
      } finally {
        provider.stop();
      }
    }
  }

  @Test
  void whatIsSaidForEverpoolCountsBeforeTheUrl() {
    Map<String, Object> settings = settings();
    settings.put("jakarta.persistence.jdbc.url", "jdbc:postgresql://h/d?user=of_url&password=x");
    settings.put("hibernate.everpool.user", "of_pool");
    settings.put("hibernate.everpool.password", "y");
    assertThat(HibernateSettings.read(settings).user()).isEqualTo("of_pool");
    assertThat(HibernateSettings.read(settings).password()).isEqualTo("y");
  }

  @Test
  void itArrivesAtTheServer() throws Exception {
    EverpoolConnectionProvider provider = new EverpoolConnectionProvider();
    provider.configure(with(PREFIX + "ApplicationName", "as ever"));
    try (Connection connection = provider.getConnection();
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery("show application_name")) {
      found.next();
      assertThat(found.getString(1)).isEqualTo("as ever");
    } finally {
      provider.stop();
    }
  }

  /** It would be a connection in clear, which nobody has asked for. */
  @Test
  void whoAsksForCertificatesToBeCheckedHasThemChecked() {
    Map<String, Object> settings = with(PREFIX + "sslmode", "verify-full");
    settings.put("hibernate.everpool.fail-fast", "true");
    EverpoolConnectionProvider provider = new EverpoolConnectionProvider();

    assertThatThrownBy(() -> provider.configure(settings))
        .isInstanceOf(HibernateException.class)
        .hasStackTraceContaining("SSL");
  }

  @Test
  void whatIsSaidForEverpoolAndInTheUrlCountsBefore() {
    Map<String, Object> settings = with(PREFIX + "sslmode", "require");
    settings.put("hibernate.everpool.properties.sslmode", "verify-full");
    assertThat(properties(settings)).isEqualTo(Map.of("sslmode", "verify-full"));

    for (String before : Set.of("?", "?a=b&")) {
      Map<String, Object> inUrl = with(PREFIX + "sslmode", "require");
      inUrl.put(
          "jakarta.persistence.jdbc.url", "jdbc:postgresql://h/d" + before + "sslmode=disable");
      assertThat(properties(inUrl)).doesNotContainKey("sslmode");
    }
    Map<String, Object> other = with(PREFIX + "sslmode", "require");
    other.put("jakarta.persistence.jdbc.url", "jdbc:postgresql://h/d?mysslmode=disable");
    assertThat(properties(other)).isEqualTo(Map.of("sslmode", "require"));
  }

  /** Of the present version, which is the oldest tested or the newest. */
  @Test
  void whatIsHibernatesOwnIsNoPropertyOfTheDrivers() throws IllegalAccessException {
    Set<String> own = new TreeSet<>(Set.of(PREFIX + "release_mode", PREFIX + "acquisition_mode"));
    for (Field each : AvailableSettings.class.getFields()) {
      if (each.get(null) instanceof String name && name.startsWith(PREFIX)) {
        own.add(name);
      }
    }
    assertThat(own).contains(PREFIX + "handling_mode", PREFIX + "pool_size");
    assertThat(own).allMatch(name -> DriverSettings.property(name) == null);
    assertThat(DriverSettings.property("hibernate.connection_provider.injection_data")).isNull();
    assertThat(DriverSettings.property(PREFIX)).isNull();
    assertThat(properties(with(PREFIX + "handling_mode", "DELAYED_ACQUISITION_AND_HOLD")))
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "isolation, connection-init-sql",
    "init_sql, connection-init-sql",
    "creator_factory_class, hibernate.everpool.pool"
  })
  void whatWouldNotBeKeptIsRefused(String name, String instead) {
    assertThatThrownBy(
            () -> new EverpoolConnectionProvider().configure(with(PREFIX + name, "anything")))
        .isInstanceOf(HibernateException.class)
        .hasMessageContainingAll(PREFIX + name, "is not read", instead);
  }

  @ParameterizedTest
  @CsvSource({
    "pool_size, max-size",
    "min_pool_size, min-size",
    "initial_pool_size, min-size",
    "pool_validation_interval, health-check-interval",
    "login_timeout, connect-timeout"
  })
  void whatIsForHibernatesPoolIsToldToDoNothing(String name, String instead) {
    assertThat(told(with(PREFIX + name, "7")))
        .isEqualTo(
            PREFIX
                + name
                + " is for Hibernate's own pool and does nothing here: set hibernate.everpool."
                + instead);
  }

  @Test
  void aSecretThatHibernateWouldLogIsWarnedOf() {
    assertThat(told(with(PREFIX + "sslpassword", "s3cret")))
        .startsWith(PREFIX + "sslpassword has a secret")
        .doesNotContain("s3cret");
    assertThat(HibernateSettings.secrets(with(PREFIX + "password", "s3cret"))).isEmpty();
  }

  /** The only line that is logged of them. */
  private static String told(Map<String, Object> settings) {
    Logger logger = (Logger) LoggerFactory.getLogger(EverpoolConnectionProvider.class);
    ListAppender<ILoggingEvent> told = new ListAppender<>();
    told.start();
    logger.addAppender(told);
    EverpoolConnectionProvider provider = new EverpoolConnectionProvider();
    try {
      provider.configure(settings);
      provider.stop();
      assertThat(told.list).hasSize(1);
      return told.list.get(0).getFormattedMessage();
    } finally {
      logger.detachAppender(told);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"hibernate.connection.sslmode", "hibernate.everpool.max-size"})
  void besideAPoolThatIsOpenTheyAreRefused(String name) throws Exception {
    try (Pool pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).minSize(0).build())) {
      Map<String, Object> settings = with(name, "1");
      settings.put(HibernateSettings.POOL, pool);
      assertThatThrownBy(() -> new EverpoolConnectionProvider().configure(settings))
          .isInstanceOf(HibernateException.class)
          .hasMessageContaining(name + " can't be set beside hibernate.everpool.pool");
    }
  }

  /** They say another database, or another pool, than the one that is used. */
  @Test
  void besideAPoolThatIsOpenWhatHasNoEffectIsToldOfOnce() throws Exception {
    try (Pool pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).minSize(0).build())) {
      Map<String, Object> settings = settings();
      settings.put(HibernateSettings.POOL, pool);
      settings.put(PREFIX + "url", "jdbc:postgresql://elsewhere/d?password=s3cret");
      settings.put(PREFIX + "username", "other");
      settings.put(PREFIX + "user", "other");
      settings.put(PREFIX + "password", "s3cret");
      settings.put(PREFIX + "pool_size", "7");
      settings.put(PREFIX + "handling_mode", "DELAYED_ACQUISITION_AND_HOLD");
      settings.put(PREFIX + "driver_class", "org.postgresql.Driver");
      assertThat(told(settings))
          .isEqualTo(
              "hibernate.connection.password, hibernate.connection.pool_size,"
                  + " hibernate.connection.url, hibernate.connection.user,"
                  + " hibernate.connection.username, jakarta.persistence.jdbc.password,"
                  + " jakarta.persistence.jdbc.url, jakarta.persistence.jdbc.user do nothing beside"
                  + " hibernate.everpool.pool, whose settings are made");
      assertThat(pool.isClosed()).isFalse();
    }
  }
}
