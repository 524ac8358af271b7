package io.everpool.hocon;

import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.everpool.api.Redaction;
import java.util.regex.Pattern;

/** A value and the path at which it was found. */
record Located(String path, ConfigValue value) {

  /**
   * The names of lists of defaults, our own or another library's: no user has said what stands
   * there.
   */
  private static final Pattern REFERENCE = Pattern.compile("(?:^|[/ ])reference\\.conf(?:\\W|$)");

  /** Characters that may be shown of the name of a file, of a block or of a key. */
  private static final Pattern PLAIN = Pattern.compile("[\\w.,:;/\\\\!()\\[\\]~+ -]*");

  /**
   * The URL behind the name of a resource, as in {@code x.conf @ file:/app/classes/x.conf: 3}. A
   * URL that may hold a secret, in a query or before a host, doesn't match.
   */
  private static final Pattern URL_OF_RESOURCE =
      Pattern.compile(" @ [a-z][a-z0-9+.-]*:[^,?#@]*?(?=(?:: \\d+(?:-\\d+)?)?(?:,|$))");

  boolean isNull() {
    return value.valueType() == ConfigValueType.NULL;
  }

  /** Whether the value is a default that a {@code reference.conf} lists. */
  boolean isDefault() {
    return REFERENCE.matcher(value.origin().description()).find();
  }

  /**
   * Where the value stands, in brackets: its file and line, or that it came from the environment.
   */
  String origin() {
    return " (" + place() + ")";
  }

  /** Where the value stands. */
  String place() {
    return place(value.origin());
  }

  /**
   * Where something stands, as a message may show it: the library's description contains URLs as
   * they are.
   */
  static String place(ConfigOrigin origin) {
    String description = URL_OF_RESOURCE.matcher(origin.description()).replaceAll("");
    return PLAIN.matcher(description).matches() ? description : Redaction.url(description);
  }

  /**
   * The path as a message may show it. Where quotes are missing, a piece of a secret may have
   * become a key; such a path isn't shown.
   */
  String shownPath() {
    return PLAIN.matcher(path.replace("\"", "")).matches() ? path : Redaction.MASK;
  }

  /** The kind of the value, in words. */
  String kind() {
    return switch (value.valueType()) {
      case OBJECT -> "a block";
      case LIST -> "a list";
      case NUMBER -> "a number";
      case BOOLEAN -> "a boolean";
      case NULL -> "null";
      case STRING -> "a string";
    };
  }
}
