package io.everpool.jdbi;

import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.HandleScope;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.extension.ExtensionContext;
import org.jdbi.v3.core.extension.HandleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A callback that finds the handle's configuration as it was before the first run each time it is
 * run. A statement customizer that it adds, say, would otherwise be there twice in the second.
 */
final class PristineCallback<R extends @Nullable Object, X extends Exception>
    implements HandleCallback<R, X> {
  private final ConfigRegistry before;
  private final HandleCallback<R, X> callback;
  private boolean ran;

  PristineCallback(ConfigRegistry config, HandleCallback<R, X> callback) {
    before = config.createCopy();
    this.callback = callback;
  }

  @Override
  @SuppressWarnings("unchecked") // the callable throws what the callback does
  public R withHandle(Handle handle) throws X {
    if (!ran) {
      ran = true;
      return callback.withHandle(handle);
    }
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

  /** Jdbi gives the supplier of an open handle, through which a context is set, to a scope only. */
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
