package io.everpool.jdbi;

import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.extension.AttachedExtensionHandler;
import org.jdbi.v3.core.extension.HandleSupplier;

/**
 * A {@link UnitMethod} of one object. It is a class of its own because its interface doesn't exist
 * before Jdbi 3.50.
 */
record AttachedUnitMethod(UnitMethod unit, AttachedExtensionHandler method, ConfigRegistry config)
    implements AttachedExtensionHandler {

  static AttachedExtensionHandler of(
      UnitMethod unit, AttachedExtensionHandler method, ConfigRegistry config) {
    return new AttachedUnitMethod(unit, method, config);
  }

  @Override
  public Object invoke(HandleSupplier handles, Object... args) throws Exception {
    return unit.call(handles, config, args, () -> method.invoke(handles, args));
  }

  @Override
  public void warm(ConfigRegistry registry) {
    method.warm(registry);
  }
}
