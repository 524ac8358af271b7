package io.everpool.spring;

import io.everpool.api.Pool;
import java.util.Collection;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/**
 * A bean for each pool below {@code everpool.pools}, called by its key. Beside another {@link
 * DataSource} they are found by their names alone ({@code @Qualifier("reports")}); where there is
 * none, they are candidates as any bean is.
 */
final class NamedPools
    implements ImportBeanDefinitionRegistrar, EnvironmentAware, BeanFactoryAware {
  private Environment environment;
  private ListableBeanFactory beans;

  @SuppressWarnings("NullAway.Init") // Spring sets both before anything else
  NamedPools() {}

  @Override
  public void setEnvironment(Environment value) {
    environment = value;
  }

  @Override
  public void setBeanFactory(BeanFactory value) {
    beans = (ListableBeanFactory) value;
  }

  @Override
  public void registerBeanDefinitions(
      AnnotationMetadata importing, BeanDefinitionRegistry registry) {
    Collection<String> names = SpringSettings.poolNames(environment);
    List<String> others =
        List.of(
            BeanFactoryUtils.beanNamesForTypeIncludingAncestors(
                beans, DataSource.class, true, false));
    // one of a context above by the same name is out of sight below
    boolean alone =
        names.containsAll(others) && !SpringSettings.isLeftToAnother(environment, beans);
    for (String name : names) {
      RootBeanDefinition pool = new RootBeanDefinition(); // without a lambda, for AOT processing
      pool.setTargetType(Pool.class);
      pool.setFactoryBeanName(PoolOpener.BEAN);
      pool.setFactoryMethodName("openNamed");
      pool.getConstructorArgumentValues().addIndexedArgumentValue(0, name);
      pool.setDestroyMethodName("close");
      pool.setDefaultCandidate(alone);
      registry.registerBeanDefinition(name, pool);
    }
  }
}
