package io.everpool.api.driver;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What statements may leave behind in a session beyond JDBC's own state: some of the kinds that an
 * adapter tells apart, and whether the program had the driver's own object in its hands. The pool
 * gathers them over a lease and hands them back to {@link PhysicalConnection#reset}; it doesn't ask
 * what a kind means.
 *
 * <p>An immutable value. Gathering what is known already allocates nothing.
 */
public final class SideEffects {

  /** One kind of side effect. An adapter has an enum of them; they are compared by equals. */
  public interface Kind {
    /**
     * Whether it is left in the session, and doesn't end with the transaction that it comes from. A
     * kind that ends with its transaction leaves nothing that has to be cleared, and is only there
     * for those who ask for it.
     */
    default boolean outlivesTransaction() {
      return true;
    }
  }

  /** Nothing; every value of which {@link #isNone()} is true is this object. */
  public static final SideEffects NONE = new SideEffects(Set.of(), false);

  /**
   * The program had the driver's own object in its hands, so that anything may have been done by
   * it, the driver's own settings included.
   */
  public static final SideEffects EXPOSED = new SideEffects(Set.of(), true);

  private final Set<Kind> kinds;
  private final boolean exposed;
  private final boolean lasting;

  private SideEffects(Set<Kind> kinds, boolean exposed) {
    this.kinds = kinds;
    this.exposed = exposed;
    this.lasting = kinds.stream().anyMatch(Kind::outlivesTransaction);
  }

  /** These kinds. */
  public static SideEffects of(Kind... kinds) {
    return of(List.of(kinds));
  }

  /** These kinds; {@link #NONE} if there are none. */
  public static SideEffects of(Collection<? extends Kind> kinds) {
    return kinds.isEmpty() ? NONE : new SideEffects(copy(kinds), false);
  }

  private static Set<Kind> copy(Collection<? extends Kind> kinds) {
    return Collections.unmodifiableSet(new LinkedHashSet<>(kinds));
  }

  /** Both together. Returns one of the two objects itself if that says all that the other does. */
  @SuppressWarnings("ReferenceEquality") // the usual case, at the cost of a comparison
  public SideEffects and(SideEffects other) {
    if (other == NONE || other == this || includes(other)) {
      return this;
    }
    if (other.includes(this)) {
      return other;
    }
    Set<Kind> all = new LinkedHashSet<>(kinds);
    all.addAll(other.kinds);
    return new SideEffects(Collections.unmodifiableSet(all), exposed || other.exposed);
  }

  private boolean includes(SideEffects other) {
    return (exposed || !other.exposed) && (kinds == other.kinds || kinds.containsAll(other.kinds));
  }

  /** Whether there is nothing, not even {@link #EXPOSED}. */
  @SuppressWarnings("ReferenceEquality") // NONE is the only object of that value
  public boolean isNone() {
    return this == NONE;
  }

  /** Whether this kind is among them. */
  public boolean has(Kind kind) {
    return kinds.contains(kind);
  }

  /** Whether any kind that outlives its transaction is among them, {@link #EXPOSED} aside. */
  public boolean hasKinds() {
    return lasting;
  }

  /** Whether anything is among them that may be left in the session. */
  public boolean mayBeLeft() {
    return exposed || lasting;
  }

  /** Whether the program had the driver's own object in its hands. */
  public boolean isExposed() {
    return exposed;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SideEffects effects
        && exposed == effects.exposed
        && kinds.equals(effects.kinds);
  }

  @Override
  public int hashCode() {
    return 31 * kinds.hashCode() + Boolean.hashCode(exposed);
  }

  /** The kinds' names in brackets, in the order in which they were met. */
  @Override
  public String toString() {
    return exposed ? kinds + " and exposed" : kinds.toString();
  }
}
