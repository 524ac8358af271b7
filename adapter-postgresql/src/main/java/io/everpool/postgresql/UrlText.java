package io.everpool.postgresql;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The pieces that libpq and JDBC URLs have in common. Nothing here shows a value. */
final class UrlText {

  private UrlText() {}

  /**
   * Takes the percent-encoding away.
   *
   * @param plusIsSpace as pgjdbc reads JDBC URLs; libpq doesn't
   * @param part what to call it if it isn't well-formed
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

  /** The parameters after the question mark, in their order; of several the last counts. */
  static Map<String, String> parameters(String query, boolean plusIsSpace, List<String> problems) {
    Map<String, String> parameters = new LinkedHashMap<>();
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
      parameters.remove(name);
      parameters.put(name, value);
    }
    return parameters;
  }
}
