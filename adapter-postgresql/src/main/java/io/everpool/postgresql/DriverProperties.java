package io.everpool.postgresql;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;

/**
 * Looks at the properties meant for pgjdbc, which drops without a word what it doesn't know: {@code
 * channel_binding=require} would then require nothing.
 */
final class DriverProperties {
  private static final Set<String> KNOWN =
      Arrays.stream(PGProperty.values())
          .map(PGProperty::getName)
          .collect(Collectors.toCollection(TreeSet::new));

  /** Classes of the user's own that may read further properties. */
  private static final List<PGProperty> CLASSES =
      List.of(
          PGProperty.SOCKET_FACTORY,
          PGProperty.SSL_FACTORY,
          PGProperty.AUTHENTICATION_PLUGIN_CLASS_NAME,
          PGProperty.SSL_HOSTNAME_VERIFIER,
          PGProperty.SSL_PASSWORD_CALLBACK,
          PGProperty.CONNECT_EXECUTOR,
          PGProperty.XML_FACTORY_FACTORY);

  private DriverProperties() {}

  /** Names what pgjdbc doesn't know, and values that it can't take. */
  static void check(Map<String, String> properties, List<String> problems, List<String> notes) {
    boolean ownClass =
        CLASSES.stream()
            .map(property -> properties.getOrDefault(property.getName(), ""))
            .anyMatch(set -> !set.isEmpty() && !set.startsWith("org.postgresql."));
    boolean secretBefore = false;
    for (Map.Entry<String, String> entry : properties.entrySet()) {
      String name = entry.getKey();
      if (!KNOWN.contains(name)) {
        String misspelled = misspelled(name);
        if (misspelled == null && ownClass) {
          notes.add(name + " is none of pgjdbc's properties: left to the class that was set");
        } else if (misspelled == null && secretBefore) {
          // its name may be the rest of a password that has an & in it
          problems.add(
              "the parameter after the password is none of pgjdbc's; & in a password is %26");
        } else {
          problems.add(
              misspelled == null
                  ? "pgjdbc has no property " + name + NearestName.hint(name, KNOWN)
                  : misspelled);
        }
      }
      secretBefore = name.contains("password");
    }
    for (PGProperty property : PGProperty.values()) {
      checkValue(property, properties.get(property.getName()), problems);
    }
  }

  /** What pgjdbc does know by another spelling, whoever else may read properties. */
  private static @Nullable String misspelled(String name) {
    String libpq = LibpqTranslation.asProperty(name);
    if (libpq != null) {
      return libpq;
    }
    String plain = name.replace("_", "").replace("-", "");
    return KNOWN.stream()
        .filter(plain::equalsIgnoreCase)
        .findFirst()
        .map(known -> "pgjdbc has no property " + name + "; did you mean " + known + "?")
        .orElse(null);
  }

  private static void checkValue(
      PGProperty property, @Nullable String value, List<String> problems) {
    String[] choices = property.getChoices();
    // requireAuth is a list
    if (value == null || choices == null || property == PGProperty.REQUIRE_AUTH) {
      return;
    }
    if (Arrays.stream(choices).noneMatch(value::equalsIgnoreCase)) {
      problems.add(
          property.getName()
              + " is \""
              + value
              + "\"; it must be "
              + Arrays.stream(choices).collect(Collectors.joining(", ")));
    }
  }
}
