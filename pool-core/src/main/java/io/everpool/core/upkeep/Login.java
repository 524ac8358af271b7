package io.everpool.core.upkeep;

import io.everpool.api.driver.PhysicalConnection;
import org.jspecify.annotations.Nullable;

/**
 * A connection that was opened, and with what.
 *
 * @param answer of the provider; null for the credentials of the configuration
 */
record Login(PhysicalConnection physical, @Nullable Answer answer) {}
