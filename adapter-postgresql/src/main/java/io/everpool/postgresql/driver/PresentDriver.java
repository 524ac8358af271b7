package io.everpool.postgresql.driver;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;

/**
 * What the pgjdbc on the class path can do. The user's build chooses its version, we don't; any
 * version from 42.5.0 on will do. If a user asks for what only a newer version has, the
 * configuration is refused; nobody else is affected.
 *
 * @param version the driver's version, such as 42.7.3
 * @param choices the values that a property accepts, by its name; empty if it accepts any
 */
public record PresentDriver(String version, Map<String, List<String>> choices) {

  /**
   * The longest limit in seconds that the driver bears: it counts limits in milliseconds, as an
   * int.
   */
  public static final int MOST_SECONDS = Integer.MAX_VALUE / 1000;

  /** The driver that is there, looked at once. */
  public static final PresentDriver HERE =
      new PresentDriver(PgjdbcInternals.version(), presentChoices());

  /** The properties that came after 42.5.0, and the version that each came with. */
  private static final Map<String, String> SINCE =
      Map.ofEntries(
          Map.entry("gssResponseTimeout", "42.5.2"),
          Map.entry(PropertyNames.CHANNEL_BINDING, "42.7.4"),
          Map.entry("maxSendBufferSize", "42.7.4"),
          Map.entry(PropertyNames.SSL_NEGOTIATION, "42.7.4"),
          Map.entry("gssUseDefaultCreds", "42.7.5"),
          Map.entry("convertBooleanToNumeric", "42.7.8"),
          Map.entry(PropertyNames.PEM_KEY_ALGORITHM, "42.7.9"),
          Map.entry(PropertyNames.QUERY_TIMEOUT, "42.7.9"),
          Map.entry(PropertyNames.REQUIRE_AUTH, "42.7.11"),
          Map.entry("scramMaxIterations", "42.7.11"),
          Map.entry(PropertyNames.CLASS_LOADER_STRATEGY, "42.7.13"),
          Map.entry(PropertyNames.CONNECT_EXECUTOR, "42.7.13"),
          Map.entry("connectExecutorArg", "42.7.13"),
          Map.entry("flushCacheOnDdl", "42.7.13"),
          Map.entry("reWriteBatchedInsertsSize", "42.7.13"));

  /**
   * Values that ask for what a driver without the property does anyway, so that they are harmless
   * with any version.
   */
  private static final Map<String, List<String>> WITHOUT =
      Map.of(
          PropertyNames.CHANNEL_BINDING,
          List.of("prefer", "disable"),
          PropertyNames.SSL_NEGOTIATION,
          List.of("postgres"),
          PropertyNames.QUERY_TIMEOUT,
          List.of("0"));

  /** The prefix of the properties that name a Java class for a type of the database. */
  private static final String DATA_TYPE = "datatype.";

  /**
   * The first version that keeps {@code channelBinding=require}: an older one logs in without
   * channel binding if the server asks for another login than SCRAM (CVE-2025-49146).
   */
  private static final int[] BINDS = {42, 7, 7};

  /**
   * The first version that fails if the server's certificate has no hash to bind to; an older one
   * logs in without channel binding (CVE-2026-54291).
   */
  private static final int[] BINDS_OR_FAILS = {42, 7, 12};

  private static Map<String, List<String>> presentChoices() {
    Map<String, List<String>> choices = new LinkedHashMap<>();
    for (PGProperty property : PGProperty.values()) {
      String[] these = property.getChoices();
      choices.put(property.getName(), these == null ? List.of() : List.of(these));
    }
    return choices;
  }

  public boolean knows(String property) {
    return choices.containsKey(property) || property.startsWith(DATA_TYPE);
  }

  public Collection<String> properties() {
    return choices.keySet();
  }

  /**
   * The values that a property accepts; empty if it accepts any, and if the driver doesn't know it.
   */
  public List<String> choices(String property) {
    return choices.getOrDefault(property, List.of());
  }

  /** Whether this driver does what the value says although it doesn't know the property. */
  public boolean doesWithout(String property, String value) {
    return !knows(property) && WITHOUT.getOrDefault(property, List.of()).contains(value);
  }

  /**
   * Like {@link #tooOldFor(String)}, for one value of a property: some versions know a value and
   * don't do what it says.
   */
  public @Nullable String tooOldFor(String property, String value) {
    return property.equals(PropertyNames.CHANNEL_BINDING)
            && value.equalsIgnoreCase("require")
            && knows(property)
            && isOlderThan(BINDS)
        ? "pgjdbc "
            + version
            + " also logs in without channel binding if the server wants another login than SCRAM"
            + " (CVE-2025-49146); use 42.7.7 or newer"
        : tooOldFor(property);
  }

  /**
   * Whether this driver refuses a login that can't be bound to the server's certificate, instead of
   * logging in without channel binding.
   */
  public boolean bindsOrFails() {
    return !isOlderThan(BINDS_OR_FAILS);
  }

  private boolean isOlderThan(int[] other) {
    try {
      int[] own = Arrays.stream(version.split("\\.")).mapToInt(Integer::parseInt).toArray();
      return Arrays.compare(own, other) < 0;
    } catch (NumberFormatException e) {
      return false; // this is a version of somebody's own
    }
  }

  /**
   * Says why this driver doesn't have a property, and names the version that has it; null if the
   * driver has it, or no version does.
   */
  public @Nullable String tooOldFor(String property) {
    String since = SINCE.get(property);
    return since == null || knows(property)
        ? null
        : "pgjdbc " + version + " is too old for it: it came with " + since + ", use that or newer";
  }
}
