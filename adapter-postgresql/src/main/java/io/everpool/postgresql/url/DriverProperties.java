package io.everpool.postgresql.url;

import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import java.math.BigInteger;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Checks the properties that are meant for pgjdbc. pgjdbc drops what it doesn't know without a
 * word: {@code channel_binding=require} would then require nothing.
 *
 * <p>What looks like a misspelling is refused. A name that isn't near any of pgjdbc's may be right
 * all the same, because a socket factory has properties of its own, and a driver's list may lag
 * behind what the driver does: such a name passes, with a note. Whether a value is right, the
 * driver judges.
 */
final class DriverProperties {
  /** Properties that name classes of the user's own, which may read further properties. */
  private static final List<String> CLASSES =
      List.of(
          PropertyNames.SOCKET_FACTORY,
          PropertyNames.SSL_FACTORY,
          PropertyNames.AUTHENTICATION_PLUGIN_CLASS_NAME,
          PropertyNames.SSL_HOSTNAME_VERIFIER,
          PropertyNames.SSL_PASSWORD_CALLBACK,
          PropertyNames.CONNECT_EXECUTOR,
          PropertyNames.XML_FACTORY_FACTORY);

  /**
   * Limits in seconds that pgjdbc counts in milliseconds, where an int overflows without a word.
   */
  private static final Set<String> SECONDS =
      Set.of(
          PropertyNames.CANCEL_SIGNAL_TIMEOUT,
          PropertyNames.CONNECT_TIMEOUT,
          PropertyNames.SOCKET_TIMEOUT);

  private static final Pattern WHOLE = Pattern.compile("[+-]?\\d+");

  private static final PresentDriver DRIVER = PresentDriver.HERE;

  private DriverProperties() {}

  /**
   * Adds a problem for each property that this driver can't honour, and a note for each that may
   * have no effect. Removes properties that this driver doesn't know, if it does anyway what they
   * say.
   *
   * @param inUrl the names of the properties that come from the URL
   */
  static void check(
      Map<String, String> properties,
      Collection<String> inUrl,
      List<String> problems,
      List<String> notes) {
    boolean ownClass =
        CLASSES.stream()
            .map(property -> properties.getOrDefault(property, ""))
            .anyMatch(set -> !set.isEmpty() && !set.startsWith("org.postgresql."));
    boolean passwordBefore = false;
    // Another setting may have replaced the URL's password, which was then removed. But the rest of
    // that password may still be here as another parameter.
    boolean secretBefore =
        inUrl.contains(PropertyNames.PASSWORD) && !properties.containsKey(PropertyNames.PASSWORD);
    for (Iterator<Map.Entry<String, String>> i = properties.entrySet().iterator(); i.hasNext(); ) {
      Map.Entry<String, String> entry = i.next();
      String name = entry.getKey();
      String misread = misread(name, entry.getValue());
      if (DRIVER.doesWithout(name, entry.getValue())) {
        i.remove();
      } else if (misread != null) {
        problems.add(misread);
      } else if (DRIVER.knows(name)) {
        checkValue(name, entry.getValue(), problems, notes);
      } else {
        String wrong = wrong(name, ownClass);
        if (wrong != null) {
          problems.add(wrong);
        } else if (passwordBefore && inUrl.contains(name) && !ownClass) {
          // The name may be the rest of a password that contains an ampersand.
          problems.add(
              "the parameter after the password is none of pgjdbc's; & in a password is %26");
        } else {
          String shown = secretBefore && inUrl.contains(name) ? "a parameter" : name;
          notes.add(
              shown
                  + " is none of the properties of pgjdbc "
                  + DRIVER.version()
                  + ": passed on, for a class of your own that may know it");
        }
      }
      passwordBefore |= name.contains("password");
      // A property that a class of the user's own knows is no secret just because pgjdbc doesn't
      // know it.
      secretBefore |=
          UrlText.mayBeSecret(name, ownClass ? List.of(name) : DRIVER.properties())
              && inUrl.contains(name);
    }
  }

  /**
   * What the driver would not do although it knows the property; null if there is nothing to say.
   */
  private static @Nullable String misread(String name, String value) {
    String tooOld = DRIVER.knows(name) ? DRIVER.tooOldFor(name, value) : null;
    return tooOld == null
        ? TlsParameters.misread(name, value)
        : name + " can't be honoured: " + tooOld;
  }

  /** What is wrong with a name that the driver doesn't know; null if nothing can be said. */
  private static @Nullable String wrong(String name, boolean ownClass) {
    String libpq = LibpqTranslation.asProperty(name);
    if (libpq != null) {
      return libpq;
    }
    String tooOld = DRIVER.tooOldFor(name);
    if (tooOld != null) {
      return name + " can't be honoured: " + tooOld;
    }
    Collection<String> known = DRIVER.properties();
    String meant = ownClass ? NearestName.evident(name, known) : NearestName.of(name, known);
    return meant == null || name.startsWith("x-")
        ? null
        : "pgjdbc has no property " + name + "; did you mean " + meant + "?";
  }

  /**
   * Checks a value. The driver's list of values isn't all that it accepts (42.7.14 lists 3 for
   * protocolVersion and also accepts 3.2), so only a misspelled value is refused here.
   */
  private static void checkValue(
      String property, String value, List<String> problems, List<String> notes) {
    if (isUncountable(property, value)) {
      problems.add(
          property
              + " must be 0 to "
              + PresentDriver.MOST_SECONDS
              + ", in seconds: pgjdbc counts in milliseconds");
    }
    List<String> choices = DRIVER.choices(property);
    // requireAuth is a list of values, and isn't checked here.
    if (choices.isEmpty()
        || property.equals(PropertyNames.REQUIRE_AUTH)
        || choices.stream().anyMatch(value::equalsIgnoreCase)) {
      return;
    }
    String said = property + " is " + UrlText.shown(value, choices) + "; ";
    if (NearestName.of(value, choices) != null) {
      problems.add(said + "it must be " + String.join(", ", choices));
    } else {
      notes.add(
          said
              + "pgjdbc "
              + DRIVER.version()
              + " lists "
              + String.join(", ", choices)
              + ": left to its judgement");
    }
  }

  private static boolean isUncountable(String property, String value) {
    if (!SECONDS.contains(property) || !WHOLE.matcher(value).matches()) {
      return false; // the driver itself refuses what is no number
    }
    BigInteger seconds = new BigInteger(value);
    return seconds.signum() < 0
        // for socketTimeout a negative number means none, as 0 does
        ? !property.equals(PropertyNames.SOCKET_TIMEOUT)
        : seconds.compareTo(BigInteger.valueOf(PresentDriver.MOST_SECONDS)) > 0;
  }
}
