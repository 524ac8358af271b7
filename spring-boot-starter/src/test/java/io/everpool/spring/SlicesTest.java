package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.annotation.ImportCandidates;

/** What is tested in a slice ({@code @DataJpaTest}) runs on the pool that the application has. */
@Tag("contract")
class SlicesTest {

  @ParameterizedTest
  @CsvSource({
    "test.autoconfigure.jdbc.AutoConfigureJdbc, jdbc.test.autoconfigure.AutoConfigureJdbc",
    "test.autoconfigure.orm.jpa.AutoConfigureDataJpa,"
        + " data.jpa.test.autoconfigure.AutoConfigureDataJpa",
    "test.autoconfigure.data.jdbc.AutoConfigureDataJdbc,"
        + " data.jdbc.test.autoconfigure.AutoConfigureDataJdbc",
    "test.autoconfigure.jooq.AutoConfigureJooq, jooq.test.autoconfigure.AutoConfigureJooq"
  })
  void theSliceHasThePool(String three, String four) {
    Class<?> slice =
        Boot.either("org.springframework.boot." + three, "org.springframework.boot." + four);

    assertThat(ImportCandidates.load(slice, slice.getClassLoader()))
        .contains(EverpoolAutoConfiguration.class.getName());
  }
}
