package io.everpool.jndi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.Pool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.naming.NamingException;
import javax.sql.DataSource;
import org.apache.catalina.util.ServerInfo;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pools as resources of a web application, in the newest Tomcat and in the oldest. */
@Tag("contract")
@Timeout(180)
class TomcatTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static PostgresServer server;

  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    server = PostgresServer.start();
  }

  @AfterAll
  static void end() {
    server.close();
  }

  private static String resource(String attributes) {
    return "<Resource name='jdbc/shop' auth='Container' description='of the shop'"
        + " factory='io.everpool.jndi.EverpoolObjectFactory' "
        + attributes
        + "/>";
  }

  private static String ofServer(String attributes) {
    return resource(
        "url='%s' user='%s' password='%s' properties.ApplicationName='in Tomcat' %s"
            .formatted(server.jdbcUrl(), server.user(), server.password(), attributes));
  }

  @Test
  void it_is_the_version_that_is_meant() {
    assertThat(ServerInfo.getServerNumber()).startsWith(System.getProperty("tested.tomcat", ""));
  }

  /** Tomcat looks a DataSource up when the application starts, and knows by itself how it ends. */
  @ParameterizedTest
  @ValueSource(strings = {"", "scope='Unshareable' singleton='true' closeMethod='close'"})
  void a_data_source_is_open_from_the_start_of_the_application_to_its_stop(String attributes)
      throws Exception {
    String resource =
        ofServer("type='javax.sql.DataSource' min-size='1' retry.max-attempts='2' " + attributes);
    try (WebApplication application = WebApplication.start(folder, resource)) {
      assertThat(server.backendPids("in Tomcat")).hasSize(1);
      Object found = application.lookUp("jdbc/shop");
      assertThat(application.lookUp("jdbc/shop")).isSameAs(found);
      assertThat(ask((DataSource) found)).isEqualTo("answered");
      assertThat(((Pool) found).config().name()).isEqualTo("shop");
      assertThat(((Pool) found).config().retry().maxAttempts()).isEqualTo(2);
      application.stop();
      requireClosed((Pool) found);
      assertThat(application.warnings()).isEmpty();
    }
  }

  /** Tomcat makes an MBean of it, with whatever its getters return. */
  @Test
  void what_tomcat_shows_by_jmx_is_no_secret_and_takes_no_connection() throws Exception {
    MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    try (WebApplication application =
        WebApplication.start(folder, ofServer("type='javax.sql.DataSource' min-size='1'"))) {
      Pool pool = (Pool) application.lookUp("jdbc/shop");
      ObjectName bean =
          beans.queryNames(new ObjectName("Tomcat:type=DataSource,*"), null).iterator().next();
      for (MBeanAttributeInfo attribute : beans.getMBeanInfo(bean).getAttributes()) {
        assertThat(String.valueOf(beans.getAttribute(bean, attribute.getName())))
            .doesNotContain(server.password());
      }
      assertThat(pool.snapshot().leased()).isZero();
      application.stop();
      requireClosed(pool);
    }
  }

  /** The look-up that Tomcat does at the start fails, and a later one succeeds. */
  @Test
  void an_application_may_start_before_its_database() throws Exception {
    String resource = ofServer("type='javax.sql.DataSource' closeMethod='close' min-size='1'");
    server.stop(PostgresServer.Shutdown.FAST);
    try (WebApplication application = WebApplication.start(folder, resource)) {
      assertThat(String.join("", application.warnings()))
          .contains("Everpool could not open shop: ")
          .doesNotContain(server.password());
      server.startAgain();
      Pool pool = (Pool) application.lookUp("jdbc/shop");
      assertThat(ask(pool)).isEqualTo("answered");
      application.stop();
      requireClosed(pool);
    }
  }

  /** It is opened when it is looked up first, and Tomcat closes it only if it is told how. */
  @Test
  void a_resource_may_be_a_pool() throws Exception {
    String resource =
        ofServer("type='io.everpool.api.Pool' closeMethod='close' minSize='1' maxSize='3'");
    try (WebApplication application = WebApplication.start(folder, resource)) {
      assertThat(server.backendPids("in Tomcat")).isEmpty();
      Pool pool = (Pool) application.lookUp("jdbc/shop");
      assertThat(pool.run(TomcatTest::answer)).isEqualTo("answered");
      assertThat(pool.config().maxSize()).isEqualTo(3);
      application.stop();
      requireClosed(pool);
      assertThat(application.warnings()).isEmpty();
    }
  }

  @Test
  void a_pool_with_readers_is_closed_as_well() throws Exception {
    String resource =
        ofServer("type='javax.sql.DataSource' min-size='1' readers='" + server.jdbcUrl() + "'");
    try (WebApplication application = WebApplication.start(folder, resource)) {
      Pool pool = (Pool) application.lookUp("jdbc/shop");
      assertThat(pool.config().readers()).containsExactly(server.jdbcUrl());
      assertThat(ask(pool)).isEqualTo("answered");
      application.stop();
      requireClosed(pool);
      assertThat(application.warnings()).isEmpty();
    }
  }

  /** Whatever it needs is in WEB-INF, so that nothing of it may stay when the application stops. */
  @Test
  void an_application_brings_its_own_pool() throws Exception {
    Libraries.copy(folder.resolve("shop/WEB-INF"));
    String resource = ofServer("type='javax.sql.DataSource' min-size='1'");
    try (WebApplication application = WebApplication.start(folder, resource)) {
      DataSource source = (DataSource) application.lookUp("jdbc/shop");
      assertThat(source).isNotInstanceOf(Pool.class); // for it is one of another class loader
      assertThat(ask(source)).isEqualTo("answered");
      application.stop();
      requireEnded();
      assertThat(application.warnings())
          .allSatisfy(
              warning ->
                  assertThat(warning).contains("clearReferencesJdbc", "[org.postgresql.Driver]"));
    }
  }

  @Test
  void whoever_looks_a_wrong_resource_up_is_told_all_that_is_wrong_and_no_secret()
      throws Exception {
    String resource =
        ofServer("type='javax.sql.DataSource' maxSiez='9' minSize='two' driverClassName='x.Y'");
    try (WebApplication application = WebApplication.start(folder, resource)) {
      NamingException failure =
          catchThrowableOfType(NamingException.class, () -> application.lookUp("jdbc/shop"));
      assertThat(failure)
          .hasMessageContainingAll(
              "unknown key maxSiez; did you mean max-size?",
              "min-size is \"two\"",
              "unknown key driverClassName; leave it out");
      StringWriter trace = new StringWriter();
      failure.printStackTrace(new PrintWriter(trace));
      assertThat(trace + failure.toString(true)).doesNotContain(server.password());
      assertThat(String.join("", application.warnings()))
          .as("what Tomcat logs at the start")
          .contains("did you mean max-size?")
          .doesNotContain(server.password());
      assertThat(server.backendPids("in Tomcat")).isEmpty();
    }
  }

  private static String ask(DataSource source) throws SQLException {
    try (Connection connection = source.getConnection()) {
      return answer(connection);
    }
  }

  private static String answer(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select 'answered'")) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static void requireClosed(Pool pool) {
    assertThat(pool.isClosed()).isTrue();
    requireEnded();
  }

  private static void requireEnded() {
    Await.until(
        LIMIT, () -> server.backendPids("in Tomcat").isEmpty(), "the server to have no session");
    Await.until(LIMIT, () -> threads().isEmpty(), () -> "the pool's threads to end: " + threads());
  }

  private static Set<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("everpool"))
        .collect(Collectors.toSet());
  }
}
