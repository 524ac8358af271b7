package io.everpool.core.plain;

import io.everpool.api.PoolConfig;
import io.everpool.api.Redaction;
import io.everpool.api.driver.FailureChain;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What no message of a driver may contain: passwords, and all that {@link Redaction} masks of the
 * URL and the properties. Each of these counts as a whole and in the pieces that a driver may
 * quote, as written and decoded. Immutable.
 */
final class Secrets {
  private static final Pattern PARAMETERS = Pattern.compile("[?&;]");
  private static final Pattern PIECES = Pattern.compile("[?&;@:/=,#\\s'\"{}()\\[\\]]+");
  private static final Pattern LONE = Pattern.compile("%(?![0-9A-Fa-f]{2})");

  /** Words that are never a secret, and that occur in messages. */
  private static final Pattern WORDS =
      Pattern.compile(
          "true|false|thin|user|username|password|[0-9]{1,5}", Pattern.CASE_INSENSITIVE);

  /** The name of a parameter whose value may be a secret. */
  private static final Pattern SECRET =
      Pattern.compile(
          "[\\w.$-]*(?:pass|pwd|secret|token|key|credential|options)[\\w.$-]*\\s*="
              + "|[\\w.$-]*arg\\s*=",
          Pattern.CASE_INSENSITIVE);

  private final Set<String> whole = new LinkedHashSet<>();

  /** Secrets that count only if they stand in a text as a word of their own. */
  private final Set<String> pieces = new LinkedHashSet<>();

  private Secrets() {}

  static Secrets none() {
    return new Secrets();
  }

  static Secrets of(PoolConfig config) {
    Secrets secrets = new Secrets();
    secrets.addUrl(config.url());
    secrets.addWhole(config.password());
    for (Map.Entry<String, String> property : config.properties().entrySet()) {
      if (Redaction.properties(Map.ofEntries(property)).containsValue(Redaction.MASK)) {
        secrets.add(property.getValue());
      }
    }
    return secrets;
  }

  /**
   * Adds the whole URL, and the pieces of what may contain a secret: of the login, and of all from
   * the first secret parameter on.
   */
  private void addUrl(String url) {
    String shown = Redaction.url(url);
    if (!shown.contains(Redaction.MASK)) {
      return;
    }
    addWhole(url);
    String known = shown + " " + place(url);
    String login = login(url);
    addPieces(login.substring(login.indexOf(':') + 1), known);
    Matcher secret = SECRET.matcher(url);
    if (secret.find()) {
      addPieces(url.substring(secret.start()), known);
    }
  }

  private void addPieces(String text, String known) {
    List<String> found = new ArrayList<>(List.of(text));
    for (String parameter : PARAMETERS.split(text, -1)) {
      found.add(parameter);
      found.add(parameter.substring(parameter.indexOf('=') + 1));
    }
    found.addAll(List.of(PIECES.split(text, -1)));
    for (String piece : found) {
      for (String spelling :
          new String[] {piece, decoded(piece), decoded(piece.replace("+", "%2B"))}) {
        addUnknown(spelling, known);
        for (String part : PIECES.split(spelling, -1)) {
          addUnknown(part, known);
        }
      }
    }
  }

  /** What stands before the @; nothing if that @ may belong to the value of a parameter. */
  private static String login(String url) {
    int at = url.lastIndexOf('@');
    int slashes = url.indexOf("//");
    String login = at < 0 ? "" : url.substring(slashes >= 0 && slashes < at ? slashes + 2 : 0, at);
    return login.indexOf(':') < 0 && PARAMETERS.matcher(login).find() ? "" : login;
  }

  /** What follows the login; nothing if the @ may belong to the value of a parameter. */
  private static String place(String url) {
    int at = url.lastIndexOf('@');
    String before = url.substring(0, Math.max(at, 0));
    return at < 0 || PARAMETERS.matcher(before).find()
        ? ""
        : PARAMETERS.split(url.substring(at + 1), 2)[0];
  }

  /**
   * The text decoded; a % that doesn't belong to the encoding stays as it is, as with some drivers.
   */
  private static String decoded(String text) {
    return URLDecoder.decode(LONE.matcher(text).replaceAll("%25"), StandardCharsets.UTF_8);
  }

  private void addUnknown(String piece, String known) {
    if (!known.contains(piece)) {
      add(piece);
    }
  }

  private void add(String piece) {
    if (isSecret(piece) && !WORDS.matcher(piece).matches()) {
      pieces.add(piece);
    }
  }

  private void addWhole(@Nullable String secret) {
    if (secret != null && isSecret(secret)) {
      whole.add(secret);
    }
  }

  /** Whether it is long enough: shorter pieces are in every text. */
  private static boolean isSecret(String text) {
    return text.length() > 3;
  }

  /**
   * Whether one of them is in what the failure says, or in a failure that belongs to it.
   *
   * @param password another secret
   */
  boolean areIn(Throwable failure, @Nullable String password) {
    for (Throwable at : FailureChain.parts(failure)) {
      // the names of classes are left out, for a piece may be one of their words
      String text = at.getMessage() + "\n" + at.toString().replace(at.getClass().getName(), "");
      if (whole.stream().anyMatch(text::contains)
          || pieces.stream().anyMatch(piece -> isWordIn(text, piece))
          || (password != null && isSecret(password) && text.contains(password))) {
        return true;
      }
    }
    return false;
  }

  /** Whether the piece is in the text, and not within a word. */
  private static boolean isWordIn(String text, String piece) {
    for (int at = text.indexOf(piece); at >= 0; at = text.indexOf(piece, at + 1)) {
      if (isEdge(text, at) && isEdge(text, at + piece.length())) {
        return true;
      }
    }
    return false;
  }

  private static boolean isEdge(String text, int at) {
    return at == 0
        || at == text.length()
        || !Character.isLetterOrDigit(text.charAt(at - 1))
        || !Character.isLetterOrDigit(text.charAt(at));
  }
}
