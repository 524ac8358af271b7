package io.everpool.postgresql.driver;

import java.text.MessageFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.postgresql.util.GT;

/**
 * Translates pgjdbc's messages back into English. The driver speaks the language of the JVM, and
 * kinds of failures differ in nothing but their words; so the rules for failures, which are written
 * in English, could not read them otherwise.
 */
public final class DriverLanguage {
  /** Stands in place of a message's arguments, {@code {0}} and {@code {1}}. */
  private static final String BLANK = "\0";

  /**
   * The messages that the rules for failures look at, as pgjdbc's source hands them to its
   * translation.
   */
  static final List<String> MESSAGES =
      List.of(
          "A connection could not be made using the requested protocol {0}.",
          "Could not find a server with specified targetServerType: {0}",
          "Failed to create object for: {0}.",
          "Read from copy failed.",
          "Result set exceeded maxResultBuffer limit. Received:  {0}; Current limit: {1}",
          "The server''s client_encoding parameter was changed to {0}. The JDBC driver requires"
              + " client_encoding to be UTF8 for correct operation.",
          "The server''s DateStyle parameter was changed to {0}. The JDBC driver requires DateStyle"
              + " to begin with ISO for correct operation.",
          "The SSLSocketFactory class provided {0} could not be instantiated.",
          "The SocketFactory class provided {0} could not be instantiated.",
          "The HostnameVerifier class provided {0} could not be instantiated.",
          "The password callback class provided {0} could not be instantiated.",
          "The server requested SCRAM-based authentication, but no password was provided.",
          "The server requested SCRAM-based authentication, but the password is an empty string.",
          "The server requested password-based authentication, but no password was provided by"
              + " plugin {0}",
          "The server does not support SSL.",
          "The hostname {0} could not be verified by hostnameverifier {1}.",
          "Channel Binding is required, but SSL is not in use",
          "Channel Binding is required, but server did not offer an authentication method that"
              + " supports channel binding",
          "Channel binding is required, but server skipped authentication. Channel binding is only"
              + " supported with SCRAM authentication over encrypted connections.",
          "Channel binding is required, but server requested ''{0}'' authentication. Channel binding"
              + " is only supported with SCRAM authentication over encrypted connections.",
          "Could not open SSL root certificate file {0}.",
          "Could not read SSL root certificate file {0}.",
          "Loading the SSL root certificate {0} into a TrustManager failed.",
          "Could not open SSL certificate file {0}.",
          "Loading the SSL certificate {0} into a KeyManager failed.",
          "Could not load cert chain",
          "Could not read SSL key file {0}.",
          "Could not decrypt SSL key file {0}.",
          "Could not read password for SSL key file, console is not available.",
          "Could not read password for SSL key file by callbackhandler {0}.",
          "Could not load the private key",
          "Could not find a java cryptographic algorithm: X.509 CertificateFactory not available.",
          "private key file \"{0}\" has group or world access; file must have permissions u=rw (0600)"
              + " or less if owned by the current user, or permissions u=rw,g=r (0640) or less if"
              + " owned by root. Current permissions: {1}",
          "Private key file \"{0}\" has insecure permissions. Non-owner principal \"{1}\" has read"
              + " access.");

  /** The language that the driver speaks in this JVM. */
  public static final DriverLanguage HERE =
      new DriverLanguage(message -> GT.tr(message, BLANK, BLANK));

  /**
   * For each message that is different in this language, the pattern that matches it, whatever its
   * arguments are.
   */
  private final Map<String, Pattern> translated = new LinkedHashMap<>();

  private DriverLanguage(UnaryOperator<String> translation) {
    for (String message : MESSAGES) {
      String text = translation.apply(message);
      if (!text.equals(filled(message))) {
        translated.put(message, pattern(text));
      }
    }
  }

  /**
   * Makes the translation of another language than this JVM's.
   *
   * @param patterns gives the translation of a message, with its {0} and {1} still in it
   */
  static DriverLanguage of(UnaryOperator<String> patterns) {
    return new DriverLanguage(message -> filled(patterns.apply(message)));
  }

  private static String filled(String pattern) {
    return new MessageFormat(pattern).format(new Object[] {BLANK, BLANK});
  }

  private static Pattern pattern(String text) {
    StringBuilder pattern = new StringBuilder();
    for (String piece : text.split(BLANK, -1)) {
      pattern.append(pattern.isEmpty() ? "" : ".*").append(Pattern.quote(piece));
    }
    return Pattern.compile(pattern.toString(), Pattern.DOTALL);
  }

  /**
   * The message as it is in pgjdbc's source, if it is one of these; otherwise the message
   * unchanged.
   */
  public String english(String message) {
    for (Map.Entry<String, Pattern> each : translated.entrySet()) {
      if (each.getValue().matcher(message).find()) {
        return each.getKey();
      }
    }
    return message;
  }
}
