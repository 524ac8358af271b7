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
 * A bean for each pool below {@code everpool.pools}, named by the pool's key. If there is another
 * {@link DataSource}, these beans can be injected by their names only
 * ({@code @Qualifier("reports")}); if there is none, they are candidates like any bean.
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
    // A bean of the same name in a context above this one can't be seen from here.
    boolean alone =
        names.containsAll(others) && !SpringSettings.isLeftToAnother(environment, beans);
    for (String name : names) {
      // it is made without a lambda, because of AOT processing
      RootBeanDefinition pool = new RootBeanDefinition();
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
