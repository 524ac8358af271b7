package io.everpool.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.hibernate.HibernateException;
import org.hibernate.Session;
import org.hibernate.SessionFactory;
import org.hibernate.Version;
import org.hibernate.boot.MetadataSources;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.engine.jdbc.connections.spi.ConnectionProvider;
import org.hibernate.engine.spi.SessionFactoryImplementor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Runs with the oldest and the newest Hibernate. */
@Tag("contract")
class EverpoolConnectionProviderTest {
  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.start();
  }

  @AfterAll
  static void end() {
    server.close();
  }

  @Test
  void thePresentVersionIsTheOneThatIsTested() {
    assertThat(Version.getVersionString()).isEqualTo(System.getProperty("tested.hibernate"));
  }

  @Test
  void anEntityIsSavedAndReadAndThePoolEndsWithTheFactory() {
    Pool pool;
    try (SessionFactory factory = factory(settings("max-size", "3"))) {
      pool = pool(factory);
      assertThat(pool.config().maxSize()).isEqualTo(3);
      Long id = save(factory, "boots");
      assertThat(name(factory, id)).isEqualTo("boots");
      assertThat(pool.snapshot().leased()).isZero();
    }
    assertThat(pool.isClosed()).isTrue();
    assertThat(pool.toString() + pool.config()).doesNotContain(server.password());
  }

  @Test
  void whatIsRolledBackIsGone() {
    try (SessionFactory factory = factory(settings("max-size", "1"))) {
      Note note = new Note("never");
      try (Session session = factory.openSession()) {
        session.beginTransaction();
        session.persist(note);
        session.flush();
        session.getTransaction().rollback();
      }
      assertThat(name(factory, note.id())).isNull();
    }
  }

  @Test
  void aBackendThatWasKilledBetweenTwoTransactionsGoesUnnoticed() {
    try (SessionFactory factory =
        factory(
            settings(
                "max-size", "1",
                "health-check-interval", "100ms",
                "properties.ApplicationName", "killed"))) {
      Long id = save(factory, "hat");
      List<Integer> before = server.backendPids("killed");
      before.forEach(server::terminate);
      Await.until(
          Duration.ofMinutes(1),
          () -> !Set.copyOf(before).containsAll(server.backendPids("killed")),
          "a connection in place of the killed one");
      assertThat(name(factory, id)).isEqualTo("hat");
    }
  }

  @Test
  void aPoolThatIsOpenAlreadyIsUsedAndLeftOpen() throws Exception {
    try (Pool pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).build())) {
      try (SessionFactory factory = factory(Map.of(HibernateSettings.POOL, pool))) {
        assertThat(pool(factory)).isSameAs(pool);
        assertThat(name(factory, save(factory, "scarf"))).isEqualTo("scarf");
      }
      assertThat(pool.isClosed()).isFalse();
    }
  }

  @Test
  void everyProblemIsToldAtOnceWithTheKeyThatWasMeantAndWithoutASecret() {
    Map<String, Object> settings = settings("max-sise", "3", "idle-timeout", "5");
    settings.put("jakarta.persistence.jdbc.password", "s3cret");
    assertThatThrownBy(() -> HibernateSettings.read(settings))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContainingAll("max-sise", "max-size", "hibernate.everpool.idle-timeout")
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void whereTheUrlIsMissingTheKeysAreNamedThatSayIt() {
    assertThatThrownBy(() -> HibernateSettings.read(Map.of("hibernate.everpool.max-size", "0")))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContainingAll(
            "hibernate.everpool.url is missing; set it, jakarta.persistence.jdbc.url or"
                + " hibernate.connection.url",
            "max-size is 0")
        .hasMessageNotContaining("NEON_DB_URL");
  }

  /** Hibernate logs hibernate.properties, and doesn't know our keys. */
  @Test
  void aSecretBelowHibernatesOwnLogIsWarnedOfAndUsed() {
    Map<String, Object> settings = settings("password", server.password(), "max-size", "1");
    settings.put("jakarta.persistence.jdbc.password", "not this one");
    Logger logger = (Logger) LoggerFactory.getLogger(EverpoolConnectionProvider.class);
    ListAppender<ILoggingEvent> told = new ListAppender<>();
    told.start();
    logger.addAppender(told);
    try (SessionFactory factory = factory(settings)) {
      assertThat(pool(factory).isClosed()).isFalse();
      assertThat(told.list)
          .singleElement()
          .extracting(ILoggingEvent::getFormattedMessage)
          .asString()
          .startsWith("hibernate.everpool.password has a secret")
          .contains("jakarta.persistence.jdbc.password", "password-file", "password-env")
          .doesNotContain(server.password());
      told.list.clear();
      factory(settings("connection-init-sql", "set app.key = 's3cret'")).close();
      assertThat(told.list)
          .singleElement()
          .extracting(ILoggingEvent::getFormattedMessage)
          .asString()
          .startsWith("hibernate.everpool.connection-init-sql may have a secret")
          .doesNotContain("s3cret");
      told.list.clear();
      factory(settings()).close();
      assertThat(told.list).isEmpty();
    } finally {
      logger.detachAppender(told);
    }
  }

  @Test
  void everyKeyThatHasASecretIsFound() {
    assertThat(
            HibernateSettings.secrets(
                settings(
                    "url", "postgresql://u:s3cret@h/d",
                    "readers", "postgresql://h/d?password=s3cret",
                    "properties.sslpassword", "s3cret",
                    "properties.socketFactoryArg", "s3cret",
                    "properties.pwd", "s3cret",
                    "properties.options", "-c app.key=s3cret",
                    "connection-init-sql", "set app.key = 's3cret'")))
        .containsExactly(
            "hibernate.everpool.connection-init-sql",
            "hibernate.everpool.properties.options",
            "hibernate.everpool.properties.pwd",
            "hibernate.everpool.properties.socketFactoryArg",
            "hibernate.everpool.properties.sslpassword",
            "hibernate.everpool.readers",
            "hibernate.everpool.url");
    assertThat(
            HibernateSettings.secrets(
                settings(
                    "password", "s3cret", "password-file", "s3cret/x", "password-env", "s3cret")))
        .containsExactly(
            "hibernate.everpool.password",
            "hibernate.everpool.password-env",
            "hibernate.everpool.password-file");
    assertThat(
            HibernateSettings.secrets(
                settings(
                    "user", "app",
                    "max-size", "3",
                    "password-file", "/run/secret",
                    "password-env", "SECRET",
                    "connection-init-sql",
                        "set session characteristics as transaction isolation level serializable",
                    "properties.ApplicationName", "shop",
                    "properties.tcpNoDelay", "true",
                    "properties.sslkey", "/run/client.key",
                    "properties.maxSendBufferSize", "8192")))
        .isEmpty();
    assertThat(HibernateSettings.secrets(settings("url", "postgresql://u@h/d"))).isEmpty();
  }

  @Test
  void keysOfEverpoolCountBeforeJakartasAndThoseBeforeHibernates() {
    Map<String, Object> settings =
        new TreeMap<>(
            Map.of(
                "hibernate.everpool.user", "a",
                "jakarta.persistence.jdbc.user", "b",
                "jakarta.persistence.jdbc.url", "jdbc:postgresql://one/x",
                "hibernate.connection.url", "jdbc:postgresql://two/x",
                "hibernate.connection.password", "c",
                "hibernate.everpool.retry.max-attempts", "7"));
    PoolConfig config = HibernateSettings.read(settings);
    assertThat(Stream.of(config.user(), config.url(), config.password()))
        .containsExactly("a", "jdbc:postgresql://one/x", "c");
    assertThat(config.retry().maxAttempts()).isEqualTo(7);
    settings.put("hibernate.everpool.password-env", "SECRET");
    assertThat(HibernateSettings.read(settings).password()).isNull();
  }

  /** So a variable that is there and empty arrives; the user of the URL isn't overruled by it. */
  @Test
  void aBlankTextSaysNothingAndHidesNobodyElse() {
    for (String blank : List.of("", " ")) {
      for (String prefix :
          List.of("hibernate.everpool.", "jakarta.persistence.jdbc.", "hibernate.connection.")) {
        boolean connection = prefix.equals("hibernate.connection.");
        Map<String, Object> alone =
            new TreeMap<>(
                Map.of(
                    "hibernate.everpool.url",
                    "postgresql://u:pw@one/x",
                    prefix + (connection ? "username" : "user"),
                    blank,
                    prefix + "password",
                    blank));
        assertThat(HibernateSettings.read(alone).user()).as(prefix).isNull();
        assertThat(HibernateSettings.read(alone).password()).as(prefix).isNull();
      }
      Map<String, Object> settings =
          new TreeMap<>(
              Map.of(
                  "hibernate.everpool.url", blank,
                  "hibernate.everpool.user", blank,
                  "hibernate.everpool.password-file", blank,
                  "hibernate.everpool.password-env", blank,
                  "hibernate.everpool.connection-init-sql", blank,
                  "jakarta.persistence.jdbc.user", blank,
                  "hibernate.connection.url", "jdbc:postgresql://two/x",
                  "hibernate.connection.username", "b",
                  "hibernate.connection.password", "c"));
      assertThat(HibernateSettings.read(settings))
          .isEqualTo(PoolConfig.builder("jdbc:postgresql://two/x").user("b").password("c").build());
    }
  }

  @Test
  void whatWouldNotBeKeptIsRefused() {
    Map<String, Object> trusting = settings();
    trusting.put("hibernate.connection.provider_disables_autocommit", "true");
    assertThatThrownBy(() -> new EverpoolConnectionProvider().configure(trusting))
        .isInstanceOf(HibernateException.class)
        .hasMessageContaining("autocommit on");
    Map<String, Object> isolated = settings();
    isolated.put("hibernate.connection.isolation", "SERIALIZABLE");
    assertThatThrownBy(() -> new EverpoolConnectionProvider().configure(isolated))
        .isInstanceOf(HibernateException.class)
        .hasMessageContaining("connection-init-sql");
    Map<String, Object> both = settings("pool", "shop");
    assertThatThrownBy(() -> new EverpoolConnectionProvider().configure(both))
        .isInstanceOf(HibernateException.class)
        .hasMessageContaining("hibernate.everpool.pool must be");
  }

  private static Map<String, Object> settings(String... keysAndValues) {
    Map<String, Object> settings = new TreeMap<>();
    settings.put("jakarta.persistence.jdbc.url", server.jdbcUrl());
    settings.put("jakarta.persistence.jdbc.user", server.user());
    settings.put("jakarta.persistence.jdbc.password", server.password());
    for (int i = 0; i < keysAndValues.length; i += 2) {
      settings.put(HibernateSettings.PREFIX + keysAndValues[i], keysAndValues[i + 1]);
    }
    return settings;
  }

  /** So the README says; and how to have another. */
  @Test
  void whereNobodyNamesAProviderItIsThisOneAndElseNot() {
    try (SessionFactory unnamed = factoryOf(settings())) {
      assertThat(pool(unnamed).isClosed()).isFalse();
    }
    Map<String, Object> named = settings();
    named.put(
        "hibernate.connection.provider_class",
        "org.hibernate.engine.jdbc.connections.internal.DriverManagerConnectionProviderImpl");
    try (SessionFactory other = factoryOf(named)) {
      assertThat(provider(other)).isNotInstanceOf(EverpoolConnectionProvider.class);
      assertThat(name(other, save(other, "shoe"))).isEqualTo("shoe");
    }
  }

  private static SessionFactory factory(Map<String, Object> settings) {
    Map<String, Object> named = new TreeMap<>(settings);
    named.put("hibernate.connection.provider_class", "everpool");
    return factoryOf(named);
  }

  private static SessionFactory factoryOf(Map<String, Object> settings) {
    StandardServiceRegistry registry =
        new StandardServiceRegistryBuilder()
            .applySettings(settings)
            .applySetting("hibernate.hbm2ddl.auto", "update")
            .build();
    return new MetadataSources(registry)
        .addAnnotatedClass(Note.class)
        .buildMetadata()
        .buildSessionFactory();
  }

  private static Pool pool(SessionFactory factory) {
    return provider(factory).unwrap(Pool.class);
  }

  private static ConnectionProvider provider(SessionFactory factory) {
    return factory
        .unwrap(SessionFactoryImplementor.class)
        .getServiceRegistry()
        .requireService(ConnectionProvider.class);
  }

  private static Long save(SessionFactory factory, String name) {
    Note note = new Note(name);
    factory.inTransaction(session -> session.persist(note));
    return note.id();
  }

  private static @Nullable String name(SessionFactory factory, Long id) {
    return factory.fromTransaction(
        session -> {
          Note note = session.find(Note.class, id);
          return note == null ? null : note.name();
        });
  }
}
