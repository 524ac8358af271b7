package io.everpool.spring;

import io.everpool.api.WorkOptions;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a method with Spring's {@code @Transactional} run again, in a new transaction, by the same
 * rules as {@link io.everpool.api.Pool#inTransaction}: after a lost connection, a serialization
 * failure or a deadlock, and if nothing that it sent can be there for good. A COMMIT whose answer
 * was lost is looked up. What the method does outside of the database happens again as well.
 *
 * <p>This annotation goes around {@code @Transactional}, and so the method must be called through
 * the proxy, as with that annotation. The method has one connection of the pool from its beginning
 * to its end. Nobody knows what the method has done elsewhere, so it runs only once
 *
 * <ul>
 *   <li>if it is called within a transaction, of which it is a part;
 *   <li>if its thread has a session that was opened before ({@code spring.jpa.open-in-view}, or the
 *       session of a {@code @JmsListener}'s container); a warning tells this once. Entities that
 *       were changed in that session would be changed twice, and messages sent twice;
 *   <li>if it has taken a second connection of the pool, by {@code REQUIRES_NEW} for example, or
 *       none;
 *   <li>if an argument can be read only once (an iterator, a {@code Stream}, an {@code
 *       InputStream}, a {@code Reader}, also in a collection), even if the method is marked {@link
 *       #idempotent}: a second run would write only the rest. If a unit around the method runs
 *       again and gives it the very same object, that run ends there. If the method reads such an
 *       object from a field, nobody notices.
 * </ul>
 *
 * Entities that are given to the method are changed by each run. Listeners to transactions hear of
 * each run: {@code AFTER_COMPLETION} of every run, {@code AFTER_ROLLBACK} of those that were rolled
 * back, {@code AFTER_COMMIT} of the last one only. A {@link io.everpool.api.LeaseInterceptor} is
 * asked before the first run, and before a further one that has another connection or for which
 * something was cleared; it is not asked before a second transaction of the same run.
 *
 * <p>If the method has several transactions one after the other, each begins with the autocommit,
 * the read-only mode and the level of isolation that its connection has. Whatever else one of them
 * has set for the session (a schema, a time limit, {@code SET}, a temporary table) the next ones
 * find, until the method ends. What one has left open is closed or rolled back. If one has left a
 * copy under way on the driver's own object, the next ones use a second connection.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface RerunTransaction {

  /**
   * The name of the pool's bean; if it is empty, the pool is used that is injected without a name.
   */
  String pool() default "";

  /**
   * As in {@link WorkOptions#idempotent()}: whether the method may be repeated even if it had its
   * effect already.
   */
  boolean idempotent() default false;
}
