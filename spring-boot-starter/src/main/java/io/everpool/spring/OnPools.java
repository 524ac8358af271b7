package io.everpool.spring;

import io.everpool.api.Pool;
import java.util.Set;
import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.ConfigurationCondition;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Whether there is a {@link DataSource} and each one is an Everpool, also those that can be
 * injected by their names only. If there are others, in a context above this one, too, Spring
 * Boot's own health of data sources stays, which checks all of them.
 */
final class OnPools extends SpringBootCondition implements ConfigurationCondition {

  OnPools() {}

  @Override
  public ConfigurationPhase getConfigurationPhase() {
    return ConfigurationPhase.REGISTER_BEAN;
  }

  @Override
  public ConditionOutcome getMatchOutcome(
      ConditionContext context, AnnotatedTypeMetadata metadata) {
    ConditionMessage.Builder message = ConditionMessage.forCondition("Everpool's pools");
    ConfigurableListableBeanFactory beans = context.getBeanFactory();
    if (beans == null) {
      return ConditionOutcome.noMatch(message.because("there are no beans"));
    }
    Set<String> pools = Set.of(beans.getBeanNamesForType(Pool.class, true, false));
    Set<String> dataSources =
        Set.of(
            BeanFactoryUtils.beanNamesForTypeIncludingAncestors(
                beans, DataSource.class, true, false));
    Set<String> allPools =
        Set.of(BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beans, Pool.class, true, false));
    return !pools.isEmpty() && allPools.equals(dataSources)
        ? ConditionOutcome.match(message.found("pool").items(pools))
        : ConditionOutcome.noMatch(message.found("other data source").items(dataSources));
  }
}
