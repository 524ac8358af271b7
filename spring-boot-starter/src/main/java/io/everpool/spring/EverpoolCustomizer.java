package io.everpool.spring;

import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;

/**
 * Changes a pool before it is opened. Every bean of this type is called for every pool of the
 * auto-configuration, in Spring's order of beans; the configuration says which pool it is.
 *
 * <p>What is the same for all pools needs no customizer: beans of {@link
 * io.everpool.api.observe.PoolListener}, {@link io.everpool.api.LeaseInterceptor}, {@link
 * io.everpool.api.Classifier}, {@link io.everpool.api.ConnectionInitializer} and {@link
 * io.everpool.api.CredentialsProvider} are used as they are.
 */
@FunctionalInterface
public interface EverpoolCustomizer {

  /**
   * Adds to {@code builder} what the pool of {@code config} is to have. It is called once for each
   * pool, on the thread that makes the pool's bean; the builder must not be used after the call. If
   * this throws, that bean fails, and with it the start of the application; nothing is open yet
   * that would have to be closed.
   *
   * @param config the pool's settings, as they are by now
   * @param builder the pool's builder, to which beans of the other kinds have already been added
   */
  void customize(PoolConfig config, Everpool.Builder builder);
}
