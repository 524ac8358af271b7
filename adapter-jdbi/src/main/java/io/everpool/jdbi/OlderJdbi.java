package io.everpool.jdbi;

import static java.lang.invoke.MethodType.methodType;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.extension.ExtensionHandler;
import org.jdbi.v3.core.extension.HandleSupplier;

/**
 * Calls the methods that {@link ExtensionHandler} had before Jdbi 3.50, which Java code that is
 * compiled against a newer Jdbi can't call. It is used only with a Jdbi that has these methods.
 */
final class OlderJdbi {
  private static final MethodHandle INVOKE =
      find("invoke", methodType(Object.class, HandleSupplier.class, Object.class, Object[].class));
  private static final MethodHandle WARM =
      find("warm", methodType(void.class, ConfigRegistry.class));

  private OlderJdbi() {}

  static Object invoke(
      ExtensionHandler handler, HandleSupplier handles, Object target, Object... args)
      throws Exception {
    try {
      return (Object) INVOKE.invokeExact(handler, handles, target, args);
    } catch (Throwable e) {
      throw OlderJdbi.<Exception>asThrown(e);
    }
  }

  static void warm(ExtensionHandler handler, ConfigRegistry config) {
    try {
      WARM.invokeExact(handler, config);
    } catch (Throwable e) {
      throw OlderJdbi.<RuntimeException>asThrown(e);
    }
  }

  private static MethodHandle find(String name, MethodType type) {
    try {
      return MethodHandles.lookup().findVirtual(ExtensionHandler.class, name, type).asFixedArity();
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("Jdbi's ExtensionHandler has changed", e);
    }
  }

  // a handle throws what the called method throws
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <X extends Throwable> X asThrown(Throwable e) throws X {
    throw (X) e;
  }
}
