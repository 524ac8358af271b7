package io.everpool.spring;

import io.everpool.api.WorkOptions;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Has a method with Spring's {@code @Transactional} run again, in a new transaction, by the same
 * rules as {@link io.everpool.api.Pool#inTransaction}: after a lost connection, a serialization
 * failure or a deadlock, and where nothing that it sent can be there for good. A COMMIT whose
 * answer was lost is looked up. What the method does outside of the database happens again as well.
 *
 * <p>It goes around {@code @Transactional}, and so must be called through the proxy as that must.
 * It has one connection of the pool from its beginning to its end. What it has done elsewhere
 * nobody knows, so that it runs once where it is called
 *
 * <ul>
 *   <li>within a transaction, of which it is a part;
 *   <li>with a session on its thread that was opened before ({@code spring.jpa.open-in-view}, or
 *       the session of a {@code @JmsListener}'s container), which is told once: entities that were
 *       changed in it would be changed twice, messages sent twice;
 *   <li>and has taken a second connection of the pool, by {@code REQUIRES_NEW} for one, or none;
 *   <li>with an argument that can be read but once (an iterator, a {@code Stream}, an {@code
 *       InputStream}, a {@code Reader}, also in a collection), be it {@link #idempotent} or not: a
 *       second run would write its rest. Where what is around it is run again and gives it the very
 *       same, that run ends there. What it reads of a field nobody sees.
 * </ul>
 *
 * Entities that are given to it are changed by each run. Who listens to transactions hears of each
 * run: of {@code AFTER_COMPLETION} of every one, of {@code AFTER_ROLLBACK} of those that were
 * rolled back, of {@code AFTER_COMMIT} of the last alone. A {@link
 * io.everpool.api.LeaseInterceptor} is asked before the first run, and before a further one that
 * has another connection or for which something was cleared; not before a second transaction.
 *
 * <p>Where it has several transactions one after the other, each begins with the autocommit, the
 * read-only mode and the level of isolation that its connection has. What one has set besides for
 * the session (a schema, a time limit, {@code SET}, a temporary table) the next ones find, until
 * the method ends. What one has left open is closed or rolled back; behind a copy that it has left
 * under way on the driver's own object the next ones have a second connection.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface RerunTransaction {

  /** The name of the pool's bean; empty for the one that stands where no name is said. */
  String pool() default "";

  /** As {@link WorkOptions#idempotent()}: it may be repeated even if it had its effect already. */
  boolean idempotent() default false;
}
