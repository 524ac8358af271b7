package io.everpool.spring;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.OneShotArguments;
import java.lang.reflect.Method;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.ProxyMethodInvocation;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.BeansException;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.io.InputStreamResource;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.jdbc.support.SQLStateSQLExceptionTranslator;
import org.springframework.transaction.support.ResourceHolder;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.util.ClassUtils;

/** Runs methods with {@link RerunTransaction} as units of work. */
final class Rerunning implements MethodInterceptor {
  private static final Logger log = LoggerFactory.getLogger(Rerunning.class);

  private static final OneShotArguments ONE_SHOTS = new OneShotArguments(InputStreamResource.class);

  private final BeanFactory beans;
  private final Set<Method> told = ConcurrentHashMap.newKeySet();

  Rerunning(BeanFactory beans) {
    this.beans = beans;
  }

  @Override
  public @Nullable Object invoke(MethodInvocation invocation) throws Throwable {
    RerunTransaction marked = mark(invocation);
    if (marked == null) {
      return invocation.proceed();
    }
    List<Object> oneShots = ONE_SHOTS.in(invocation.getArguments());
    if (!oneShots.isEmpty()) {
      given(invocation, marked, oneShots);
    }
    String bound = bound();
    if (!bound.isEmpty()) {
      tell(invocation, bound);
      return invocation.proceed();
    }
    WorkOptions options =
        WorkOptions.DEFAULT
            .withLabel(invocation.getMethod().getName())
            .withIdempotent(marked.idempotent());
    try {
      return pool(marked)
          .rerun(
              options,
              oneShots.isEmpty() ? null : OneShotArguments.BECAUSE,
              () -> proceed(invocation));
    } catch (SQLException e) {
      throw thrown(invocation, e);
    }
  }

  /**
   * Tells the units around the method about objects that can be read only once: a further run of
   * such a unit may give the method the same ones.
   */
  private void given(MethodInvocation invocation, RerunTransaction marked, List<Object> oneShots)
      throws Exception {
    SpringPool pool;
    try {
      pool = pool(marked);
    } catch (BeansException | IllegalStateException e) {
      // a part of something that runs needs no pool, and all other methods are told of this below
      return;
    }
    try {
      for (Object each : oneShots) {
        pool.given(each);
      }
    } catch (SQLException e) {
      throw thrown(invocation, e);
    }
  }

  /**
   * The names of what holds the sessions that the thread has from before, an EntityManager for
   * example; empty if it has none. A run would leave changes in such a session, or send messages by
   * it, and the next run would do so once more.
   */
  private static String bound() {
    return TransactionSynchronizationManager.getResourceMap().values().stream()
        .filter(ResourceHolder.class::isInstance)
        .map(holder -> ClassUtils.getShortName(holder.getClass()))
        .sorted()
        .distinct()
        .collect(Collectors.joining(", "));
  }

  /**
   * Warns once for each method. A method that is a part of a running transaction gets no warning.
   */
  private void tell(MethodInvocation invocation, String bound) {
    Method method = invocation.getMethod();
    if (isInsideOut(invocation) && told.add(method)) {
      log.warn(
          "{} is not run again: its @Transactional goes around its @RerunTransaction, which must be"
              + " the outer one: leave the order of Spring's advice as it is, the last",
          method);
    } else if (!TransactionSynchronizationManager.isActualTransactionActive() && told.add(method)) {
      log.warn(
          "{} is called with a session on its thread that was opened before it ({}), and is not run"
              + " again: what is changed in that, or sent by it, would be twice. An"
              + " EntityManagerHolder comes of spring.jpa.open-in-view, a"
              + " LocallyExposedJmsResourceHolder of a @JmsListener's container",
          method,
          bound);
    }
  }

  /**
   * Whether the transaction is the method's own, so that it goes around the reruns: then it has the
   * method's name, and no run of the method has begun outside of it, as one has if the method calls
   * itself.
   */
  private static boolean isInsideOut(MethodInvocation invocation) {
    return TransactionSynchronizationManager.isActualTransactionActive()
        && !SpringPool.isInUnit()
        && ClassUtils.getQualifiedMethodName(invocation.getMethod(), type(invocation))
            .equals(TransactionSynchronizationManager.getCurrentTransactionName());
  }

  private static Class<?> type(MethodInvocation invocation) {
    Object target = invocation.getThis();
    return target == null
        ? invocation.getMethod().getDeclaringClass()
        : AopUtils.getTargetClass(target);
  }

  private static @Nullable RerunTransaction mark(MethodInvocation invocation) {
    Class<?> type = type(invocation);
    Method method = AopUtils.getMostSpecificMethod(invocation.getMethod(), type);
    RerunTransaction own =
        AnnotatedElementUtils.findMergedAnnotation(method, RerunTransaction.class);
    return own != null
        ? own
        : AnnotatedElementUtils.findMergedAnnotation(type, RerunTransaction.class);
  }

  /**
   * Proceeds. Each run needs an invocation of its own, because an invocation can go through the
   * interceptors only once.
   */
  private static @Nullable Object proceed(MethodInvocation invocation) throws Exception {
    try {
      return invocation instanceof ProxyMethodInvocation proxied
          ? proxied.invocableClone().proceed()
          : invocation.proceed();
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The pool, found through what others have put around it: a decorator's bean is a DataSource, and
   * no Pool.
   */
  private SpringPool pool(RerunTransaction marked) {
    DataSource found =
        marked.pool().isEmpty() ? theOne() : beans.getBean(marked.pool(), DataSource.class);
    SpringPool pool = poolIn(found);
    if (pool == null) {
      throw new IllegalStateException(
          "@RerunTransaction needs a pool that the auto-configuration has made, and "
              + (found instanceof Pool other ? other.name() : found.getClass().getName())
              + " isn't one: describe it below everpool.pools");
    }
    return pool;
  }

  private DataSource theOne() {
    DataSource only = beans.getBeanProvider(DataSource.class).getIfUnique();
    return only != null && poolIn(only) != null ? only : beans.getBean(Pool.class);
  }

  private @Nullable SpringPool poolIn(DataSource dataSource) {
    SpringPool pool = TransactionState.poolIn(dataSource);
    if (pool != null) {
      return pool;
    }
    Pool bare = beans.getBean(PoolBeans.class).of(dataSource);
    return bare == null ? null : TransactionState.poolIn(bare);
  }

  private static Exception thrown(MethodInvocation invocation, SQLException e) {
    Method method = invocation.getMethod();
    return isDeclared(method, e) ? e : translated(method.getName(), e);
  }

  private static boolean isDeclared(Method method, SQLException e) {
    return Arrays.stream(method.getExceptionTypes()).anyMatch(type -> type.isInstance(e));
  }

  private static RuntimeException translated(String label, SQLException e) {
    RuntimeException known = new SQLStateSQLExceptionTranslator().translate(label, null, e);
    return known != null ? known : new UncategorizedSQLException(label, null, e);
  }
}
