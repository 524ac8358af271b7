package io.everpool.core.plain;

import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Searches the services of a kind: those that the thread's context class loader sees, and then
 * those beside the pool itself. In an application server, a plug-in or a task of the common
 * fork-join pool the two are not the same.
 */
public final class ServiceSearch {
  /** After so many failures a loader isn't asked any more, for it might go on failing for ever. */
  private static final int FAILURES = 20;

  private ServiceSearch() {}

  /** Says whether a service is the one that is wanted. */
  @FunctionalInterface
  public interface Choice<S> {
    boolean accepts(S service) throws SQLException;
  }

  /**
   * The first service that is accepted; null if none is.
   *
   * @param passedOver hears why a service could not be loaded, or could not say whether it is the
   *     one; the search goes on with the next
   */
  public static <S> @Nullable S first(
      Class<S> kind, Choice<S> choice, Consumer<Throwable> passedOver) {
    for (ServiceLoader<S> place :
        List.of(
            ServiceLoader.load(kind),
            ServiceLoader.load(kind, ServiceSearch.class.getClassLoader()))) {
      S found = first(place.iterator(), choice, passedOver);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private static <S> @Nullable S first(
      Iterator<S> services, Choice<S> choice, Consumer<Throwable> passedOver) {
    for (int failures = 0; failures < FAILURES; ) {
      try {
        if (!services.hasNext()) {
          return null;
        }
        S service = services.next();
        if (choice.accepts(service)) {
          return service;
        }
      } catch (SQLException | RuntimeException | ServiceConfigurationError | LinkageError e) {
        failures++;
        passedOver.accept(e);
      }
    }
    return null;
  }
}
