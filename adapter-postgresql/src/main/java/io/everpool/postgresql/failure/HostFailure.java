package io.everpool.postgresql.failure;

import java.sql.SQLException;

/**
 * A failure to log in, and whose it is.
 *
 * @param host with its port, as the URL spells it; several, with commas between them, only where
 *     what failed is said of all of them
 */
public record HostFailure(String host, SQLException failure) {}
