package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.support.ResourceHolderSupport;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** A marked method where a test has another database in the pool's place. */
class RerunWithoutPoolTest {

  @Configuration
  @EnableTransactionManagement(proxyTargetClass = true)
  @ImportAutoConfiguration(RerunAutoConfiguration.class)
  static class Application {
    @Bean
    Intake intake() {
      return new Intake();
    }
  }

  static class Intake {
    @RerunTransaction
    public String first(Iterator<String> rows) {
      return rows.next();
    }
  }

  @Test
  void partOfATransactionItNeedsNoneWhateverItIsGiven() {
    try (var context = new AnnotationConfigApplicationContext(Application.class)) {
      Intake intake = context.getBean(Intake.class);
      Object resource = new Object();
      TransactionSynchronizationManager.bindResource(resource, new ResourceHolderSupport() {});
      try {
        assertThat(intake.first(List.of("a").iterator())).isEqualTo("a");
      } finally {
        TransactionSynchronizationManager.unbindResource(resource);
      }
      assertThatThrownBy(() -> intake.first(List.of("a").iterator()))
          .isInstanceOf(NoSuchBeanDefinitionException.class);
    }
  }
}
