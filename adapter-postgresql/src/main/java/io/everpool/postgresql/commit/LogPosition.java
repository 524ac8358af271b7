package io.everpool.postgresql.commit;

import java.math.BigInteger;

/**
 * Where a transaction was at work, as its ticket says.
 *
 * @param run the server's run
 * @param lsn the position in the server's log, in bytes, read after the transaction got its id and
 *     before its COMMIT was sent
 */
record LogPosition(ServerRun run, BigInteger lsn) {}
