package io.everpool.spring;

import org.springframework.aop.Advisor;
import org.springframework.aop.Pointcut;
import org.springframework.aop.support.ComposablePointcut;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.annotation.AnnotationMatchingPointcut;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Role;
import org.springframework.core.Ordered;
import org.springframework.transaction.PlatformTransactionManager;

/** Makes {@link RerunTransaction} effective wherever {@code @Transactional} is. */
@AutoConfiguration(after = PoolsAutoConfiguration.class)
@ConditionalOnClass({Advisor.class, PlatformTransactionManager.class})
public final class RerunAutoConfiguration {

  /** Spring makes this object. */
  public RerunAutoConfiguration() {}

  /** This advice goes around Spring's own, which is the last by its order. */
  @Bean
  @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
  static Advisor everpoolRerunning(BeanFactory beans) {
    Pointcut types = new AnnotationMatchingPointcut(RerunTransaction.class, true);
    Pointcut methods = new AnnotationMatchingPointcut(null, RerunTransaction.class, true);
    Pointcut marked = new ComposablePointcut(types).union(methods);
    DefaultPointcutAdvisor advisor = new DefaultPointcutAdvisor(marked, new Rerunning(beans));
    advisor.setOrder(Ordered.LOWEST_PRECEDENCE - 1);
    return advisor;
  }
}
