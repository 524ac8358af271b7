package io.everpool.api;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Takes the secrets out of what is about to be shown. */
public final class Redaction {

  /** What stands where a secret was. */
  public static final String MASK = "***";

  private static final Pattern USER_INFO = Pattern.compile("(//[^/?#:@]*):[^/?#]*@");
  private static final Pattern PARAMETER =
      Pattern.compile(
          "([?&;][^=&;?]*(?:pass|pwd|secret|token|key)[^=&;?]*=)[^&;]*", Pattern.CASE_INSENSITIVE);
  private static final Pattern SECRET_NAME = Pattern.compile("pass|pwd|secret|token|key");

  private Redaction() {}

  /** The URL without the password in its user part, and without parameters that sound secret. */
  public static String url(String url) {
    String masked = USER_INFO.matcher(url).replaceAll("$1:" + MASK + "@");
    return PARAMETER.matcher(masked).replaceAll("$1" + MASK);
  }

  /** The properties in order of their names, with the values of those that sound secret masked. */
  public static Map<String, String> properties(Map<String, String> properties) {
    Map<String, String> masked = new TreeMap<>(properties);
    masked.replaceAll(
        (name, value) -> SECRET_NAME.matcher(name.toLowerCase(Locale.ROOT)).find() ? MASK : value);
    return masked;
  }
}
