package io.everpool.console;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who may look, and who may act.
 *
 * <p>A page of somebody else's can have a browser ask here under a name of its own, which it has
 * let lead to this machine (DNS rebinding). It can't choose the name that the browser then says it
 * asks for; so only names are served that were given, {@code localhost}, and addresses, which
 * nobody rebinds.
 */
final class Access {
  static final String TOKEN = "X-Everpool-Token";

  private static final Pattern ADDRESS =
      Pattern.compile("(\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+])(:\\d+)?");
  private static final Pattern NAME = Pattern.compile("([^:]+)(:\\d+)?");

  private final Set<String> hosts;

  /** Of the token; null where nobody may act. */
  private final byte @Nullable [] digest;

  /**
   * @param hosts in lower case
   * @param token null where nobody may act
   */
  Access(Set<String> hosts, @Nullable String token) {
    this.hosts = Set.copyOf(hosts);
    this.digest = token == null ? null : digest(token);
  }

  boolean isReadOnly() {
    return digest == null;
  }

  /** Why this isn't answered at all; null if it is. */
  @Nullable String refusal(ConsoleExchange exchange) {
    String host = exchange.header("Host");
    if (host == null || !isOurs(host.toLowerCase(Locale.ROOT))) {
      return "This console is not served under that name. Ask for it by its address, or as localhost;"
          + " other names are given to Console.builder().host(...).";
    }
    return null;
  }

  private boolean isOurs(String host) {
    if (ADDRESS.matcher(host).matches()) {
      return true;
    }
    var name = NAME.matcher(host);
    return name.matches() && (name.group(1).equals("localhost") || hosts.contains(name.group(1)));
  }

  /** Why this may not act; null if it may. */
  @Nullable String refusalToAct(ConsoleExchange exchange) {
    if (digest == null) {
      return "This console only looks: it was started without a token.";
    }
    String site = exchange.header("Sec-Fetch-Site");
    if (site != null && !site.equals("same-origin")) {
      return "Another page's request.";
    }
    String token = exchange.header(TOKEN);
    // digests have one length, so that the time tells nothing of the token's either
    return token != null && MessageDigest.isEqual(digest, digest(token))
        ? null
        : "That is not the token.";
  }

  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }
}
