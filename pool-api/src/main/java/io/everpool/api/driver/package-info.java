/**
 * The port to a database driver: how connections are opened, looked at, reset and judged.
 *
 * <p>A later version may ask more of an adapter, by methods that have a default, and may know more
 * answers (constants of enums).
 */
@NullMarked
package io.everpool.api.driver;

import org.jspecify.annotations.NullMarked;
