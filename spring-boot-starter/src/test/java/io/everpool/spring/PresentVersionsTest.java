package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringBootVersion;
import org.springframework.util.ClassUtils;

/**
 * That the tests run with the version that they are meant to run with, and with no other beside.
 */
@Tag("contract")
class PresentVersionsTest {

  @Test
  void springBootIsTheOneThatThisRunIsFor() {
    assertThat(SpringBootVersion.getVersion()).isEqualTo(System.getProperty("tested.spring-boot"));
  }

  @Test
  void thereIsOneKindOfConnectionDetailsAndOneOfHealth() {
    assertThat(
            isThere("org.springframework.boot.autoconfigure.jdbc.JdbcConnectionDetails")
                ^ isThere("org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails"))
        .isTrue();
    assertThat(
            isThere("org.springframework.boot.actuate.health.HealthIndicator")
                ^ isThere("org.springframework.boot.health.contributor.HealthIndicator"))
        .isTrue();
  }

  private static boolean isThere(String type) {
    return ClassUtils.isPresent(type, PresentVersionsTest.class.getClassLoader());
  }
}
