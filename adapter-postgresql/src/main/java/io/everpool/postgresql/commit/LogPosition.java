package io.everpool.postgresql.commit;

import java.math.BigInteger;

/**
 * Where a transaction was at work, as its ticket has it.
 *
 * @param run the server's run
 * @param lsn where its log stood, after the transaction got its id and before its COMMIT was sent;
 *     in bytes
 */
record LogPosition(ServerRun run, BigInteger lsn) {}
