package io.everpool.api;

import java.nio.file.Path;

/**
 * Says what to log in with, for credentials that change while the pool lives: rotated passwords,
 * tokens, roles that a vault makes for a while.
 *
 * <p>It is asked when a connection is opened, on the thread of the pool that opens it and within
 * {@link PoolConfig#connectTimeout()}; nobody who has a connection waits for it. An answer that
 * {@link Credentials#expiringAt expires} is kept until little of its time is left; one that doesn't
 * expire is asked for anew at each opening. If the server refuses an answer, that is dropped, and
 * another is asked for once in the same opening.
 *
 * <p>It isn't told where a login goes: an answer is used for the writer, for every one of the
 * {@link PoolConfig#readers() readers} and for every host of a URL, and must be right for them all.
 * A token that is signed for one host (those of RDS and Aurora are) is refused by every other, so
 * it goes with one host and without readers.
 *
 * <p>It must be thread-safe, for several connections may be opened at once. If it throws, that
 * opening fails as if the server couldn't be reached, and is tried again. An SQLException counts by
 * its SQLState instead: of 28000, say, callers are told at once. No message may hold a secret, for
 * it is logged.
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
   * A provider of the password that a file holds. The file must hold nothing else; it is read anew
   * at each opening, and line ends behind the password are left out.
   *
   * @param file the file, in UTF-8
   */
  static CredentialsProvider file(Path file) {
    return new PasswordFile(file);
  }

  /**
   * A provider of the password that an environment variable holds.
   *
   * @param variable the name of the variable
   */
  static CredentialsProvider environment(String variable) {
    return new PasswordVariable(variable, System::getenv);
  }
}
