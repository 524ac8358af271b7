package io.everpool.spring;

import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.ConfigurationCondition;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Whether anything says where the database is. Where nothing does Spring Boot goes on: it makes an
 * embedded one, or says what is missing in its own words.
 */
final class OnDatabase extends SpringBootCondition implements ConfigurationCondition {

  OnDatabase() {}

  @Override
  public ConfigurationPhase getConfigurationPhase() {
    return ConfigurationPhase.REGISTER_BEAN; // service connections are beans
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
