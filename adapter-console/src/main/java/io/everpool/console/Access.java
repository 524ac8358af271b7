package io.everpool.console;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Decides who may look, and who may act.
 *
 * <p>This protects against DNS rebinding. A foreign page can make its own host name lead to this
 * machine, so that the browser takes the console for a part of that page's site, and lets the page
 * read the answers. But the browser says which name it asks for ({@code Host}). So only these names
 * are answered: the names that were given to the console, {@code localhost}, and addresses, which
 * nobody can rebind.
 */
final class Access {
  static final String TOKEN = "X-Everpool-Token";

  private static final Pattern ADDRESS =
      Pattern.compile("(\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+])(:\\d+)?");
  private static final Pattern NAME = Pattern.compile("([^:]+)(:\\d+)?");

  private final Set<String> hosts;

  /** The digest of the token; null if nobody may act. */
  private final byte @Nullable [] digest;

  /**
   * @param hosts further names of the console, in lower case
   * @param token the token; null if nobody may act
   */
  Access(Set<String> hosts, @Nullable String token) {
    this.hosts = Set.copyOf(hosts);
    this.digest = token == null ? null : digest(token);
  }

  boolean isReadOnly() {
    return digest == null;
  }

  /**
   * The reason why this request isn't answered at all; null if it is.
   *
   * @param tells whether the answer tells something of a pool, or the request is for something to
   *     be done: only the console's own page may ask for that. The files of the page itself may be
   *     asked for from anywhere, by a link for instance
   */
  @Nullable String refusal(ConsoleExchange exchange, boolean tells) {
    String host = exchange.header("Host");
    if (host == null || !isOurs(host.toLowerCase(Locale.ROOT))) {
      return "This console is not served under that name. Ask for it by its address, or as localhost;"
          + " other names are given to Console.builder().host(...).";
    }
    return tells && isForeign(exchange, host)
        ? "Another site's page asks for this, and only the console's own may."
        : null;
  }

  /**
   * Whether the page of another site asks. Browsers say so ({@code Sec-Fetch-Site}; older ones
   * {@code Origin}). A client that is no browser says nothing, and needn't. {@code Origin} counts
   * only if the newer header is missing: behind a proxy that asks by a name of its own, {@code
   * Origin} differs from {@code Host} though the page is ours.
   */
  private static boolean isForeign(ConsoleExchange exchange, String host) {
    String site = exchange.header("Sec-Fetch-Site");
    if (site != null) {
      return !site.equals("same-origin") && !site.equals("none");
    }
    String origin = exchange.header("Origin");
    return origin != null && !origin.replaceFirst("^https?://", "").equalsIgnoreCase(host);
  }

  private boolean isOurs(String host) {
    if (ADDRESS.matcher(host).matches()) {
      return true;
    }
    var name = NAME.matcher(host);
    return name.matches() && (name.group(1).equals("localhost") || hosts.contains(name.group(1)));
  }

  /** The reason why this request may not act; null if it may. */
  @Nullable String refusalToAct(ConsoleExchange exchange) {
    if (digest == null) {
      return "This console only looks: it was started without a token.";
    }
    String token = exchange.header(TOKEN);
    // All digests have one length, so that the time of the comparison doesn't tell the token's
    // length either.
    return token != null && MessageDigest.isEqual(digest, digest(token))
        ? null
        : "That is not the token.";
  }

  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has SHA-256
    }
  }
}
