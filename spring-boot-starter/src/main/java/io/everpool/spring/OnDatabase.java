package io.everpool.spring;

import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.ConfigurationCondition;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Whether anything says where the database is. If nothing does, Spring Boot goes on by itself: it
 * makes an embedded database, or says in its own words what is missing.
 */
final class OnDatabase extends SpringBootCondition implements ConfigurationCondition {

  OnDatabase() {}

  @Override
  public ConfigurationPhase getConfigurationPhase() {
    // service connections are beans, so they must be registered first
    return ConfigurationPhase.REGISTER_BEAN;
  }

  @Override
  public ConditionOutcome getMatchOutcome(
      ConditionContext context, AnnotatedTypeMetadata metadata) {
    ConditionMessage.Builder message = ConditionMessage.forCondition("Everpool's database");
    ConfigurableListableBeanFactory beans = context.getBeanFactory();
    boolean named = beans != null && SpringSettings.nameADatabase(context.getEnvironment(), beans);
    return named
        ? ConditionOutcome.match(message.foundExactly("its URL"))
        : ConditionOutcome.noMatch(
            message.didNotFind("everpool.url, spring.datasource.url, service connection").atAll());
  }
}
