package io.everpool.spring;

import java.util.Arrays;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.annotation.AnnotatedBeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/**
 * Makes the slices of Spring Boot's tests ({@code @DataJpaTest}) treat a pool like a data source
 * that Spring Boot itself has made. They replace that by an embedded database, unless the test says
 * where the database is. But they ask this only of Spring Boot's own data sources, and replace all
 * others. And if there are several they replace the primary one, while an application can't mark
 * one of ours as primary.
 *
 * <p>Where no slice is tested, this class changes nothing.
 */
final class TestDatabase
    implements ImportBeanDefinitionRegistrar, EnvironmentAware, BeanFactoryAware {

  /** The name of the main pool's bean. */
  private static final String MAIN = "dataSource";

  /** The bean that replaces a data source unless it is one for tests. */
  private static final String REPLACES = "nonTestEmbeddedDataSourceBeanFactoryPostProcessor";

  /** The bean that replaces any data source. */
  private static final String REPLACES_ANY = "embeddedDataSourceBeanFactoryPostProcessor";

  private Environment environment;
  private ConfigurableListableBeanFactory beans;

  @SuppressWarnings("NullAway.Init") // Spring sets both before anything else
  TestDatabase() {}

  @Override
  public void setEnvironment(Environment value) {
    environment = value;
  }

  @Override
  public void setBeanFactory(BeanFactory value) {
    beans = (ConfigurableListableBeanFactory) value;
  }

  @Override
  public void registerBeanDefinitions(
      AnnotationMetadata importing, BeanDefinitionRegistry registry) {
    boolean replacesSome = registry.containsBeanDefinition(REPLACES);
    if (!replacesSome && !registry.containsBeanDefinition(REPLACES_ANY)) {
      return;
    }
    String replaced = replaced(beans.getBeanNamesForType(DataSource.class, true, false), registry);
    if (replacesSome && replaced != null && isOfTests(replaced, registry)) {
      registry.removeBeanDefinition(REPLACES);
    }
  }

  /**
   * The data source that would be replaced; among several without a primary one, the main pool.
   * Null if there is none.
   */
  private static @Nullable String replaced(String[] all, BeanDefinitionRegistry registry) {
    if (all.length == 1) {
      return all[0];
    }
    boolean marked =
        Arrays.stream(all)
            .filter(registry::containsBeanDefinition)
            .anyMatch(name -> registry.getBeanDefinition(name).isPrimary());
    if (marked || !isMain(registry)) {
      return null;
    }
    registry.getBeanDefinition(MAIN).setPrimary(true);
    return MAIN;
  }

  private static boolean isMain(BeanDefinitionRegistry registry) {
    return registry.containsBeanDefinition(MAIN)
        && registry.getBeanDefinition(MAIN) instanceof AnnotatedBeanDefinition definition
        && definition.getFactoryMethodMetadata() != null
        && EverpoolAutoConfiguration.MainPool.class
            .getName()
            .equals(definition.getFactoryMethodMetadata().getDeclaringClassName());
  }

  private static boolean isNamed(String bean, BeanDefinitionRegistry registry) {
    return registry.containsBeanDefinition(bean)
        && PoolOpener.BEAN.equals(registry.getBeanDefinition(bean).getFactoryBeanName());
  }

  /** Whether that bean is a pool that was made here, and its database is one for tests. */
  private boolean isOfTests(String bean, BeanDefinitionRegistry registry) {
    Properties properties = new Properties(environment);
    if (bean.equals(MAIN) && isMain(registry)) {
      return ServiceConnection.isIn(beans)
          ? ServiceConnection.isContainers(beans)
          : isOfTests(SpringSettings.url(properties), properties);
    }
    return isNamed(bean, registry) && isOfTests(SpringSettings.url(properties, bean), properties);
  }

  private static boolean isOfTests(@Nullable Found url, Properties properties) {
    return url != null
        && (url.value().startsWith("jdbc:tc:") || properties.isSetByTest(url.name()));
  }
}
