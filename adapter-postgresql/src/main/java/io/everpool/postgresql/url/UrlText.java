package io.everpool.postgresql.url;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the reading of libpq URLs and of JDBC URLs has in common. Nothing here shows a value. */
final class UrlText {
  /** What a user should do about a password that breaks a URL into the wrong pieces. */
  static final String ENCODE =
      "in a user name or password @ is written %40, / %2F, ? %3F, # %23, : %3A and % %25; or leave"
          + " the password out of the URL and set password";

  static final String STRAY_AT =
      "the URL has an @ behind its ?, so that nobody knows where its parameters begin: " + ENCODE;

  /** A parameter's name; a text with other characters may be a piece of a value. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,62}");

  /** Parameters that are wrongly separated by semicolons: {@code user=app;password=secret}. */
  private static final Pattern SEMICOLONS =
      Pattern.compile(".*;\\s*[A-Za-z_]+\\s*=.*", Pattern.DOTALL);

  /**
   * Names of parameters whose values may have an @ in them, in small letters. Those behind
   * sslfactoryarg are none of pgjdbc's: Google's connectors read them (service accounts, which
   * Spring Cloud GCP writes into the URL as they are), Azure's plug-in and the AWS wrapper do.
   */
  private static final Set<String> FREE =
      Set.of(
          "user",
          "password",
          "sslpassword",
          "passfile",
          "options",
          "application_name",
          "fallback_application_name",
          "applicationname",
          "host",
          "sslcert",
          "sslkey",
          "sslrootcert",
          "socketfactoryarg",
          "sslfactoryarg",
          "cloudsqltargetprincipal",
          "cloudsqldelegates",
          "alloydbtargetprincipal",
          "alloydbdelegates",
          "azure.username",
          "azure.password",
          "azure.clientsecret",
          "azure.clientcertificatepassword",
          "idpusername",
          "idppassword");

  /** Names of parameters whose values may be a secret. */
  private static final Pattern SECRET =
      Pattern.compile(
          "pass|pwd|secret|token|key|credential|options|arg$", Pattern.CASE_INSENSITIVE);

  private UrlText() {}

  /**
   * Resolves the percent-encoding.
   *
   * @param plusIsSpace whether a plus sign is a blank: it is in JDBC URLs as pgjdbc reads them, and
   *     isn't in libpq's
   * @param part the name of this part of the URL, for a message if it isn't well-formed
   */
  static String decoded(String text, boolean plusIsSpace, String part, List<String> problems) {
    if (text.indexOf('%') < 0 && text.indexOf('+') < 0) {
      return text;
    }
    byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream decoded = new ByteArrayOutputStream(encoded.length);
    for (int i = 0; i < encoded.length; i++) {
      if (encoded[i] == '+' && plusIsSpace) {
        decoded.write(' ');
      } else if (encoded[i] == '%') {
        int high = i + 2 < encoded.length ? Character.digit(encoded[i + 1], 16) : -1;
        int low = i + 2 < encoded.length ? Character.digit(encoded[i + 2], 16) : -1;
        if (high < 0 || low < 0 || high + low == 0) {
          problems.add(
              "the "
                  + part
                  + " in the URL isn't percent-encoded: after % come two hex digits other than 00;"
                  + " % itself is %25");
          return "";
        }
        decoded.write(high * 16 + low);
        i += 2;
      } else {
        decoded.write(encoded[i]);
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(decoded.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      problems.add("the " + part + " in the URL isn't UTF-8 when it is decoded");
      return "";
    }
  }

  /**
   * The parameters after the question mark, in their order; if one stands there several times, the
   * last counts.
   */
  static Map<String, String> parameters(String query, boolean plusIsSpace, List<String> problems) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (hasStrayAt(query)) {
      problems.add(STRAY_AT);
      return parameters;
    }
    int number = 0;
    for (String token : query.split("&", -1)) {
      if (token.isEmpty()) {
        continue;
      }
      number++;
      int equals = token.indexOf('=');
      if (equals <= 0) {
        problems.add(
            "parameter number "
                + number
                + " of the URL isn't of the form name=value; & within a value is %26");
        continue;
      }
      String name =
          decoded(
              token.substring(0, equals),
              plusIsSpace,
              "name of parameter number " + number,
              problems);
      String value =
          decoded(
              token.substring(equals + 1),
              plusIsSpace,
              "value of parameter number " + number,
              problems);
      if (!NAME.matcher(name).matches()) {
        problems.add(
            "the name of parameter number " + number + " of the URL has a character that none has");
        return parameters; // what follows may be the rest of a value
      } else if (SEMICOLONS.matcher(token).matches()) {
        problems.add(
            "parameter number "
                + number
                + " of the URL has a ; in it: parameters are separated by &, and ; within a value"
                + " is %3B");
        return parameters; // what follows may be the rest of a value
      } else if (RunOn.intoParameter(name, value)) {
        problems.add(
            "parameter number "
                + number
                + " of the URL has another parameter or a URL in its value: parameters are separated"
                + " by &");
        return parameters;
      } else {
        parameters.remove(name);
        parameters.put(name, value);
      }
    }
    return parameters;
  }

  /** Whether there is an @ that may come from a password which the question mark has cut in two. */
  static boolean hasStrayAt(String query) {
    for (String token : query.split("&", -1)) {
      int at = token.indexOf('@');
      int equals = token.indexOf('=');
      if (at >= 0
          && (equals <= 0
              || at < equals
              || !FREE.contains(token.substring(0, equals).toLowerCase(Locale.ROOT)))) {
        return true;
      }
    }
    return false;
  }

  /**
   * The database's name in the path of a URL; characters with a meaning of their own are refused.
   */
  static @Nullable String database(String text, boolean plusIsSpace, List<String> problems) {
    if (text.chars().anyMatch(c -> ";:@=()\"'\\ \t\r\n".indexOf(c) >= 0)) {
      problems.add(
          "the database in the URL has one of ; : @ = in it, or a quote or a blank: parameters come"
              + " behind a ? and are separated by &, user and password stand before the host in a"
              + " libpq URL only, and what is part of the name is percent-encoded");
      return null;
    }
    return decoded(text, plusIsSpace, "database", problems);
  }

  /**
   * Whether the value of a parameter may be a secret. Then the next parameter's name may be the
   * part of that secret behind an ampersand. The value of an unknown parameter may always be one,
   * unless its name is a misspelling of a known one.
   */
  static boolean mayBeSecret(String name, Collection<String> known) {
    String meant = known.contains(name) ? name : NearestName.of(name, known);
    return meant == null || SECRET.matcher(name).find() || SECRET.matcher(meant).find();
  }

  static boolean mayBeSecret(String name) {
    return SECRET.matcher(name).find();
  }

  /** A value as a message may show it: only a value that is nearly right, or a number, is shown. */
  static String shown(String value, Collection<String> choices) {
    boolean harmless =
        value.matches("[0-9.]{1,6}")
            || (NearestName.of(value, choices) != null && value.length() > 2);
    return harmless ? "\"" + value + "\"" : "something else, which isn't shown";
  }
}
