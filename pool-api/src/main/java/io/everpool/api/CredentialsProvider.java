package io.everpool.api;

import java.nio.file.Path;

/**
 * Says what to log in with, for credentials that change while the pool lives: rotated passwords,
 * tokens, roles that a vault makes for a while.
 *
 * <p>Asked when a connection is opened, on the thread of the pool that opens it and within {@link
 * PoolConfig#connectTimeout()}; nobody who has a connection waits for it. An answer that {@link
 * Credentials#expiringAt expires} is kept until little of its time is left; one that doesn't is
 * asked for anew at each opening. Where the server refuses an answer it is dropped, and asked for
 * once more in the same opening.
 *
 * <p>It isn't told where a login goes: an answer is used for the writer, for every one of the
 * {@link PoolConfig#readers() readers} and for every host of a URL, and must be right for them all.
 * A token that is signed for one host (those of RDS and Aurora are) is refused by every other, so
 * it goes with one host and without readers.
 *
 * <p>Must be thread-safe: more than one may be opening. What it throws fails that opening as a
 * server would that can't be reached, and it is tried again; an SQLException counts by its
 * SQLState: 28000, say, is told to the callers at once. Neither message may hold a secret, for it
 * is logged.
 */
@FunctionalInterface
public interface CredentialsProvider {

  /**
   * What to log in with now.
   *
   * @throws Exception if that can't be told now
   */
  Credentials credentials() throws Exception;

  /**
   * The password that a file holds and nothing else: read anew at each opening; line ends behind it
   * are no part of it.
   *
   * @param file in UTF-8
   */
  static CredentialsProvider file(Path file) {
    return new PasswordFile(file);
  }

  /**
   * The password that an environment variable holds.
   *
   * @param variable its name
   */
  static CredentialsProvider environment(String variable) {
    return new PasswordVariable(variable, System::getenv);
  }
}
