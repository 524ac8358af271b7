package io.everpool.core.upkeep;

import io.everpool.api.driver.PhysicalConnection;
import org.jspecify.annotations.Nullable;

/**
 * A connection that was opened, and what it was opened with.
 *
 * @param answer the provider's; null for the credentials of the configuration
 */
record Login(PhysicalConnection physical, @Nullable Answer answer) {}
