package io.everpool.core.upkeep;

import io.everpool.api.Credentials;
import io.everpool.core.policy.Lifetime;

/** What a provider of credentials has said, and when. Its text shows no password. */
final class Answer {

  /** Answers that were asked for later have higher numbers. */
  final long number;

  final Credentials credentials;
  private final long since;

  /** How long the credentials live from {@link #since} on, ns; meaningless if they don't expire. */
  private final long life;

  Answer(long number, Credentials credentials, long since, long life) {
    this.number = number;
    this.credentials = credentials;
    this.since = since;
    this.life = life;
  }

  boolean expires() {
    return credentials.expiresAt() != null;
  }

  /** Whether it is good for another login, and for some time after that. */
  boolean isFresh(long now) {
    return expires() && now - Lifetime.earliest(since, life) < 0;
  }

  /** Whether it is good for another login. */
  boolean isValid(long now) {
    return expires() && now - since < life;
  }

  /**
   * When a connection that was opened with it is to be replaced.
   *
   * @param random from 0 (inclusive) to 1 (exclusive)
   */
  long retireAt(long now, double random) {
    long drawn = Lifetime.expiresAt(since, life, random);
    // A connection opened in the last tenth lives until the end: there are no fresher credentials.
    return now - drawn < 0 ? drawn : since + life;
  }

  /** Whether it says the same as {@code other}, so that it is of no use to try it instead. */
  boolean isSameAs(Answer other) {
    return credentials.equals(other.credentials);
  }

  @Override
  public String toString() {
    return "answer " + number + ": " + credentials;
  }
}
