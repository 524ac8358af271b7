package io.everpool.postgresql.failure;

import io.everpool.api.Redaction;
import io.everpool.api.driver.FailureChain;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/**
 * What the messages of failures to connect must not quote. The server quotes parts of {@code
 * options} that it doesn't understand, and the names of user and database; pgjdbc quotes a value
 * that it doesn't accept. Any of them may be a secret that stands in the wrong place. So only what
 * is known to be harmless may be quoted: what is shown anyway, numbers, the driver's own words,
 * classes and paths. Immutable.
 */
public final class Secrets {
  /** How long a piece must be to be looked for; a shorter one would be found in every text. */
  private static final int SHORTEST = 4;

  /** How many characters of a name a server repeats at the least. */
  private static final int NAME = 60;

  /** Words that occur in messages and are no secret, wherever they stand. */
  private static final Pattern WORDS =
      Pattern.compile(
          "true|false|user|username|password|-?[0-9.]{1,6}[A-Za-z]{0,2}", Pattern.CASE_INSENSITIVE);

  /** A password of letters only, which may be in a server's message by chance. */
  private static final Pattern LETTERS = Pattern.compile("[A-Za-z]{1,12}");

  private static final Pattern CLASS =
      Pattern.compile("(?:[a-z_][A-Za-z0-9_]*\\.)+[A-Z][A-Za-z0-9_$.]*");

  private static final Pattern PATH =
      Pattern.compile(".*[/\\\\].*|.*\\.(?:key|crt|cer|pem|pk8|p12|der)", Pattern.DOTALL);

  private static final Pattern USER = Pattern.compile("[\\p{L}\\p{M}\\p{N}_.$@+-]{0,63}");

  private static final Set<String> PATHS =
      Set.of(PropertyNames.SSL_CERT, PropertyNames.SSL_KEY, PropertyNames.SSL_ROOT_CERT);

  /** Properties whose values may be any text, and are no secret if the text is a plain one. */
  private static final Set<String> TEXTS = Set.of(PropertyNames.APPLICATION_NAME, "currentSchema");

  /** A blank that no backslash escapes. */
  private static final Pattern BLANK = Pattern.compile("(?<!\\\\)\\s+");

  /** What stands before an option: {@code -c} or {@code --}. */
  private static final Pattern SWITCH = Pattern.compile("-[A-Za-z]|--");

  private static final Pattern SETTING =
      Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*=.*", Pattern.DOTALL);

  private static final Pattern SEPARATORS = Pattern.compile("[\\s,;:&?=@/'\"\\\\]+");

  private static final Pattern LIST = Pattern.compile("[\\s,;]+");

  /**
   * Texts that are looked for as they are, also within a word; each with a description of where it
   * was written.
   */
  private final Map<String, String> whole = new LinkedHashMap<>();

  /**
   * Pieces that are looked for as whole words only, because they may be a part of a harmless word;
   * each with a description of where it was written.
   */
  private final Map<String, String> pieces = new LinkedHashMap<>();

  private final String shown;
  private final @Nullable String password;

  private Secrets(String shown, @Nullable String password) {
    this.shown = shown;
    this.password = password;
  }

  /**
   * The secrets of one destination.
   *
   * @param properties pgjdbc's properties
   * @param target the destination as it is shown to users
   */
  public static Secrets of(Map<String, String> properties, String target) {
    String user = properties.getOrDefault(PropertyNames.USER, "");
    Secrets secrets =
        new Secrets(
            USER.matcher(user).matches() ? target + " " + user : target,
            properties.get(PropertyNames.PASSWORD));
    properties.forEach(
        (name, value) -> {
          switch (name) {
            case PropertyNames.PASSWORD -> {
              // quotedBy looks for the password, for another one may come with each login.
            }
            case PropertyNames.OPTIONS -> secrets.addOptions(value);
            case PropertyNames.USER -> secrets.addName("the user's name", value);
            case PropertyNames.PG_DBNAME -> secrets.addName("the database's name", value);
            default -> secrets.addProperty(name, value);
          }
        });
    return secrets;
  }

  private void addName(String where, String value) {
    if (isUnknown(value) && !USER.matcher(value).matches()) {
      whole.put(value.substring(0, Math.min(NAME, value.length())), where);
      addAll(SEPARATORS, value, where);
    }
  }

  private void addProperty(String name, String value) {
    if (!isHarmless(name, value)) {
      String where = "the property " + name;
      add(value, where);
      if (!TEXTS.contains(name)) { // such a value may consist of ordinary words: "billing system"
        addAll(LIST, value, where);
      }
    }
  }

  private static boolean isHarmless(String name, String value) {
    List<String> choices = PresentDriver.HERE.choices(name);
    if (!choices.isEmpty()) {
      return Arrays.stream(LIST.split(value.toLowerCase(Locale.ROOT), -1))
          .map(one -> one.replace("!", ""))
          .allMatch(one -> choices.stream().anyMatch(one::equalsIgnoreCase));
    }
    return CLASS.matcher(value).matches()
        || (PATHS.contains(name) && PATH.matcher(value).matches())
        || (TEXTS.contains(name)
            && !Redaction.properties(Map.of(name, value)).containsValue(Redaction.MASK));
  }

  /**
   * Adds the values of {@code options}. The names of settings are the server's own and no secrets.
   * A word that isn't of the form name=value is no setting, whatever it looks like: it may be a
   * secret as a whole, and is added whole.
   */
  private void addOptions(String options) {
    for (String word : BLANK.split(options, -1)) {
      String option = SWITCH.matcher(word).lookingAt() ? word.substring(2) : word;
      boolean setting = SETTING.matcher(option).matches();
      String value = setting ? option.substring(option.indexOf('=') + 1) : option;
      String where = PropertyNames.OPTIONS;
      if (!setting) {
        add(word, where);
      }
      add(value, where);
      add(value.replace("\\", ""), where);
      addAll(SEPARATORS, value, where);
    }
  }

  private void addAll(Pattern separators, String text, String where) {
    for (String piece : separators.split(text, -1)) {
      add(piece, where);
    }
  }

  private void add(String piece, String where) {
    if (isUnknown(piece)) {
      pieces.putIfAbsent(piece, where);
    }
  }

  private boolean isUnknown(String piece) {
    return piece.length() >= SHORTEST && !WORDS.matcher(piece).matches() && !isWordIn(shown, piece);
  }

  /**
   * Which of the secrets is quoted in the failure, or in anything that belongs to it.
   *
   * @param given the password of this login; null for the configured one
   * @return a description of where the secret was written; null if none is quoted
   */
  public @Nullable String quotedBy(Throwable failure, @Nullable String given) {
    List<Throwable> parts = FailureChain.parts(failure);
    for (Throwable part : parts) {
      // Class names are left out, because they contain words that may be among the pieces.
      String text =
          part.getMessage() + "\n" + part.toString().replace(part.getClass().getName(), "");
      for (Map.Entry<String, String> one : whole.entrySet()) {
        if (text.contains(one.getKey())) {
          return one.getValue();
        }
      }
      for (Map.Entry<String, String> one : pieces.entrySet()) {
        if (isWordIn(text, one.getKey())) {
          return one.getValue();
        }
      }
      if (isPassword(given == null ? password : given, text, part)) {
        return "the password";
      }
    }
    return null;
  }

  /**
   * Whether the text quotes the password. A server is never told the password, and the words of its
   * messages are those of dictionaries: so a password of letters only is not looked for in them.
   */
  private boolean isPassword(@Nullable String secret, String text, Throwable part) {
    boolean servers = part instanceof PSQLException known && known.getServerErrorMessage() != null;
    return secret != null
        && isUnknown(secret)
        && !(servers && LETTERS.matcher(secret).matches())
        && isWordIn(text, secret);
  }

  /** Whether the piece stands in the text as a word, and not within a longer word. */
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
