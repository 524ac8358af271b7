package io.everpool.jndi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.servers.Port;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.SQLException;
import javax.naming.CompositeName;
import javax.naming.ConfigurationException;
import javax.naming.NamingException;
import javax.naming.Reference;
import javax.naming.StringRefAddr;
import javax.naming.spi.NamingManager;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EverpoolObjectFactoryTest {
  private static final String FACTORY = EverpoolObjectFactory.class.getName();
  private static final String URL = "postgresql://app:s3cret@db.invalid/shop";

  private static @Nullable Object make(@Nullable Object object) throws Exception {
    return new EverpoolObjectFactory()
        .getObjectInstance(object, new CompositeName("jdbc/shop"), null, null);
  }

  /** Settings with which a pool opens without a connection. */
  private static Reference lazy(Reference reference) {
    reference.add(new StringRefAddr("url", URL));
    reference.add(new StringRefAddr("fail-fast", "false"));
    reference.add(new StringRefAddr("min-size", "0"));
    return reference;
  }

  private static void requirePool(@Nullable Object made) {
    assertThat(made).isInstanceOf(Pool.class);
    try (Pool pool = (Pool) made) {
      assertThat(pool.config().minSize()).isZero();
      assertThat(pool.config().name()).isEqualTo("shop");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"javax.sql.DataSource", "io.everpool.api.Pool"})
  void aReferenceToADataSourceOrAPoolBecomesAPool(String type) throws Exception {
    requirePool(make(lazy(new Reference(type))));
    requirePool(make(lazy(new Reference(type, FACTORY, null))));
    // as Tomcat names it
    requirePool(make(lazy(new Reference(type, new StringRefAddr("factory", FACTORY)))));
  }

  @Test
  void jndiFindsTheFactoryByTheReference() throws Exception {
    Reference reference = lazy(new Reference(DataSource.class.getName(), FACTORY, null));
    requirePool(
        NamingManager.getObjectInstance(reference, new CompositeName("jdbc/shop"), null, null));
  }

  /** Two calls are two pools, each its caller's. */
  @Test
  void eachCallOpensAPool() throws Exception {
    Reference reference = lazy(new Reference(DataSource.class.getName()));
    try (Pool one = (Pool) make(reference);
        Pool two = (Pool) make(reference)) {
      assertThat(one).isNotNull().isNotSameAs(two);
    }
  }

  @Test
  void whatIsForAnotherFactoryIsLeftToIt() throws Exception {
    String dataSource = DataSource.class.getName();
    assertThat(make(null)).isNull();
    assertThat(make("java:comp/env/jdbc/shop")).isNull();
    assertThat(make(lazy(new Reference("javax.mail.Session")))).isNull();
    assertThat(make(lazy(new Reference(dataSource, "com.zaxxer.hikari.HikariJNDIFactory", null))))
        .isNull();
    assertThat(
            make(
                lazy(
                    new Reference(
                        dataSource,
                        new StringRefAddr("factory", "com.zaxxer.hikari.HikariJNDIFactory"),
                        FACTORY,
                        null))))
        .isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"javax.sql.XADataSource", "org.apache.tomcat.jdbc.pool.DataSource"})
  void aTypeThatIsNoPoolIsToldToWhoeverNamesThisFactory(String type) {
    assertThatThrownBy(() -> make(lazy(new Reference(type, FACTORY, null))))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "Everpool could not open jdbc/shop: Invalid pool configuration: type is %s; it must be"
                + " javax.sql.DataSource or io.everpool.api.Pool",
            type);
  }

  @Test
  void wrongSettingsAreOneExceptionWithoutASecret() {
    Reference reference = lazy(new Reference(DataSource.class.getName(), FACTORY, null));
    reference.add(new StringRefAddr("password", "s3cret"));
    reference.add(new StringRefAddr("pasword", "s3cret"));
    reference.add(new StringRefAddr("maxSize", "s3cret"));
    ConfigurationException failure =
        catchThrowableOfType(ConfigurationException.class, () -> make(reference));
    assertThat(failure)
        .hasMessageStartingWith(
            "Everpool could not open jdbc/shop: Invalid pool configuration, 2 problems:")
        .hasMessageContainingAll("did you mean password?", "max-size is a text that isn't shown")
        .hasCauseInstanceOf(InvalidPoolConfigException.class);
    requireNoSecret(failure);
  }

  @Test
  void aDatabaseThatIsNotThereIsToldWithoutASecret() throws Exception {
    Reference reference = new Reference(DataSource.class.getName(), FACTORY, null);
    try (Port port = Port.claim()) {
      reference.add(
          new StringRefAddr("url", "postgresql://app:s3cret@127.0.0.1:" + port.number() + "/shop"));
      reference.add(new StringRefAddr("acquire-timeout", "1s"));
      NamingException failure = catchThrowableOfType(NamingException.class, () -> make(reference));
      assertThat(failure)
          .hasMessageStartingWith("Everpool could not open jdbc/shop: ")
          .hasCauseInstanceOf(SQLException.class);
      assertThat(failure).hasMessageEndingWith(failure.getCause().getMessage());
      requireNoSecret(failure);
    }
  }

  private static void requireNoSecret(NamingException failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    assertThat(trace + failure.toString(true)).doesNotContain("s3cret");
  }
}
