package io.everpool.jdbi;

import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.HandleScope;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.extension.ExtensionContext;
import org.jdbi.v3.core.extension.HandleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A handle's configuration as it was before a unit, for the unit's reruns. Otherwise a statement
 * customizer that the callback adds, for example, would be there twice in the second run.
 */
final class PristineConfig {
  private final ConfigRegistry before;

  PristineConfig(Handle handle) {
    before = handle.getConfig().createCopy();
  }

  /** Runs {@code callback} on the handle, which has this configuration meanwhile. */
  @SuppressWarnings("unchecked") // the callable throws what the callback does
  <R extends @Nullable Object, X extends Exception> R within(
      Handle handle, HandleCallback<R, X> callback) throws X {
    try {
      return Scope.supplierOf(handle)
          .invokeInContext(
              ExtensionContext.forConfig(before.createCopy()), () -> callback.withHandle(handle));
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw (X) e;
    }
  }

  /** Gets the supplier of an open handle, which sets a context. Jdbi gives it only to a scope. */
  private static final class Scope implements HandleScope {
    private @Nullable HandleSupplier supplier;

    static HandleSupplier supplierOf(Handle handle) {
      Scope scope = new Scope();
      scope.set(handle);
      HandleSupplier supplier = scope.supplier;
      if (supplier == null) {
        throw new IllegalStateException("this Jdbi makes no supplier of an open handle");
      }
      return supplier;
    }

    @Override
    public @Nullable HandleSupplier get() {
      return supplier;
    }

    @Override
    public void set(HandleSupplier value) {
      supplier = value;
    }

    @Override
    public void clear() {
      supplier = null;
    }
  }
}
