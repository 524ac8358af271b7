package io.everpool.core.plain;

import io.everpool.api.PoolConfig;
import io.everpool.api.Redaction;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What no message of a driver may hold: passwords, and of URL and properties all that {@link
 * Redaction} masks, whole and in the pieces that a driver may quote, as they stand there and
 * decoded. Immutable.
 */
final class Secrets {
  private static final Pattern PARAMETERS = Pattern.compile("[?&;]");
  private static final Pattern PIECES = Pattern.compile("[?&;@:/=,#\\s'\"{}()\\[\\]]+");
  private static final Pattern LONE = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  /** Words that are no secret, wherever they stand, and that messages have. */
  private static final Set<String> WORDS =
      Set.of("true", "false", "thin", "user", "username", "password");

  private final Set<String> all = new LinkedHashSet<>();

  private Secrets() {}

  static Secrets none() {
    return new Secrets();
  }

  static Secrets of(PoolConfig config) {
    Secrets secrets = new Secrets();
    secrets.addUrl(config.url());
    secrets.addSecret(config.password());
    for (Map.Entry<String, String> property : config.properties().entrySet()) {
      if (Redaction.properties(Map.ofEntries(property)).containsValue(Redaction.MASK)) {
        secrets.add(property.getValue());
      }
    }
    return secrets;
  }

  private void addUrl(String url) {
    String shown = Redaction.url(url);
    if (!shown.contains(Redaction.MASK)) {
      return;
    }
    String known = shown + " " + place(url);
    List<String> pieces = new ArrayList<>();
    for (String parameter : PARAMETERS.split(url, -1)) {
      pieces.add(parameter);
      pieces.add(parameter.substring(parameter.indexOf('=') + 1));
    }
    int at = url.lastIndexOf('@');
    int slashes = url.indexOf("//");
    if (at >= 0) {
      String login = url.substring(slashes >= 0 && slashes < at ? slashes + 2 : 0, at);
      pieces.add(login.substring(login.indexOf(':') + 1));
    }
    pieces.addAll(List.of(PIECES.split(url, -1)));
    for (String piece : pieces) {
      for (String spelling :
          new String[] {piece, decoded(piece), decoded(piece.replace("+", "%2B"))}) {
        addUnknown(spelling, known);
        for (String part : PIECES.split(spelling, -1)) {
          addUnknown(part, known);
        }
      }
    }
    add(url);
  }

  /** What follows the login; nothing if the @ may be one of a parameter's value. */
  private static String place(String url) {
    int at = url.lastIndexOf('@');
    String before = url.substring(0, Math.max(at, 0));
    return at < 0 || PARAMETERS.matcher(before).find()
        ? ""
        : PARAMETERS.split(url.substring(at + 1), 2)[0];
  }

  /** With a % that isn't of the encoding left as it is, as some drivers do. */
  private static String decoded(String text) {
    return URLDecoder.decode(LONE.matcher(text).replaceAll("%25"), StandardCharsets.UTF_8);
  }

  private void addUnknown(String piece, String known) {
    if (!known.contains(piece)) {
      add(piece);
    }
  }

  private void add(String piece) {
    if (!WORDS.contains(piece)) {
      addSecret(piece);
    }
  }

  private void addSecret(@Nullable String secret) {
    if (secret != null && isSecret(secret)) {
      all.add(secret);
    }
  }

  /** A shorter one is in every text. */
  private static boolean isSecret(String text) {
    return text.length() > 3;
  }

  /**
   * Whether one of them is in what the failure says, or any that belongs to it.
   *
   * @param password another one
   */
  boolean areIn(Throwable failure, @Nullable String password) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Throwable> rest = new ArrayList<>(List.of(failure));
    for (int i = 0; i < rest.size(); i++) {
      Throwable at = rest.get(i);
      if (!seen.add(at)) {
        continue;
      }
      // the names of classes are left aside, for they have words that a piece may be
      String text = at.getMessage() + "\n" + at.toString().replace(at.getClass().getName(), "");
      if (isAny(text, all) || (password != null && isSecret(password) && text.contains(password))) {
        return true;
      }
      if (at.getCause() != null) {
        rest.add(at.getCause());
      }
      if (at instanceof SQLException e && e.getNextException() != null) {
        rest.add(e.getNextException());
      }
      rest.addAll(List.of(at.getSuppressed()));
    }
    return false;
  }

  private static boolean isAny(String text, Collection<String> secrets) {
    return secrets.stream().anyMatch(text::contains);
  }
}
