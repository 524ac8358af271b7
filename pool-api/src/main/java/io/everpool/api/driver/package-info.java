/** The port to a database driver: how connections are opened, looked at, reset and judged. */
@NullMarked
package io.everpool.api.driver;

import org.jspecify.annotations.NullMarked;
