package io.everpool.spring;

import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;

/**
 * Has a hand in a pool before it is opened. Every bean of this type is asked for every pool of the
 * auto-configuration, in Spring's order of beans; which pool it is the configuration says.
 *
 * <p>What holds for all pools alike needs none: beans of {@link
 * io.everpool.api.observe.PoolListener}, {@link io.everpool.api.LeaseInterceptor}, {@link
 * io.everpool.api.Classifier}, {@link io.everpool.api.ConnectionInitializer} and {@link
 * io.everpool.api.CredentialsProvider} are taken as they are.
 */
@FunctionalInterface
public interface EverpoolCustomizer {

  /**
   * Adds to {@code builder} what the pool of {@code config} is to have. Called once for each pool,
   * on the thread that makes the pool's bean; the builder is for this call only. What it throws
   * fails that bean, and with it the start of the application; nothing is open by then that would
   * have to be closed.
   *
   * @param config the settings, as they are by now
   * @param builder which has what beans of the other kinds have added
   */
  void customize(PoolConfig config, Everpool.Builder builder);
}
