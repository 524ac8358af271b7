package io.everpool.api;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What to log in with, and until when. Immutable and thread-safe; its text shows no password.
 *
 * @see CredentialsProvider
 */
public final class Credentials {
  private final @Nullable String user;
  private final String password;
  private final @Nullable Instant expiresAt;

  private Credentials(@Nullable String user, String password, @Nullable Instant expiresAt) {
    this.user = user;
    this.password = Objects.requireNonNull(password, "password");
    this.expiresAt = expiresAt;
  }

  /** A password for the role of the configuration; it doesn't expire. */
  public static Credentials of(String password) {
    return new Credentials(null, password, null);
  }

  /**
   * A role and its password; they don't expire.
   *
   * @param user null for the role of the configuration
   */
  public static Credentials of(@Nullable String user, String password) {
    return new Credentials(user, password, null);
  }

  /**
   * The same credentials with an end: the pool uses them until then, asks for new ones when little
   * of that time is left, and by then has replaced the connections that were opened with them. A
   * connection that is in use is closed when it comes back, however late that is, and the last ones
   * stay while no other can be opened.
   *
   * @param when the end, by this machine's clock; null for never
   */
  public Credentials expiringAt(@Nullable Instant when) {
    return new Credentials(user, password, when);
  }

  /** The role to log in as, or null for that of the configuration. */
  public @Nullable String user() {
    return user;
  }

  /** The secret: a password, or a token that stands in its place. */
  public String password() {
    return password;
  }

  /** When they expire, or null for never. */
  public @Nullable Instant expiresAt() {
    return expiresAt;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Credentials that
        && password.equals(that.password)
        && Objects.equals(user, that.user)
        && Objects.equals(expiresAt, that.expiresAt);
  }

  @Override
  public int hashCode() {
    return Objects.hash(user, password, expiresAt);
  }

  /** The text, without the password. */
  @Override
  public String toString() {
    return "Credentials[user="
        + user
        + ", password="
        + Redaction.MASK
        + ", expiresAt="
        + expiresAt
        + "]";
  }
}
