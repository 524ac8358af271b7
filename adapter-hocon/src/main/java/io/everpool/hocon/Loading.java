package io.everpool.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.everpool.api.InvalidPoolConfigException;
import java.util.List;
import java.util.function.Supplier;

/**
 * Loads and resolves a configuration without telling secrets. If a concatenation or the syntax is
 * wrong, the library's message quotes the values, a password among them, and so does its cause. So
 * the failure is told in our words, with its place; of a place that is a URL, a token may be a
 * part, so it is shortened. Only if a substitution has nothing to refer to, the library's own words
 * are used: they quote its name alone.
 */
final class Loading {

  private Loading() {}

  static Config of(Supplier<Config> source) {
    try {
      return source.get();
    } catch (ConfigException.UnresolvedSubstitution e) {
      throw refusal(
          withoutOrigin(e)
              + "; set it, in the environment for one, or write ${?NAME} where it may be missing");
    } catch (ConfigException e) {
      String where = e.origin() == null ? "" : " at " + Located.place(e.origin());
      throw refusal("the configuration could not be " + happened(e, where) + HIDDEN);
    }
  }

  /** The library's words, without the place as the library writes it at their beginning. */
  private static String withoutOrigin(ConfigException e) {
    String message = String.valueOf(e.getMessage());
    String origin = e.origin() == null ? "" : e.origin().description();
    return !origin.isEmpty() && message.startsWith(origin)
        ? Located.place(e.origin()) + message.substring(origin.length())
        : message;
  }

  private static final String HIDDEN = "; what stands there isn't shown, for it may be a secret";

  private static String happened(ConfigException e, String where) {
    if (e instanceof ConfigException.Parse) {
      return "read"
          + where
          + ": a quote or a bracket is missing, or a value needs double quotes, as every URL does"
          + " and whatever has one of $ \" { } [ ] : = , + # ` ^ ? ! @ * & \\ in it";
    }
    if (e instanceof ConfigException.IO) {
      return "read" + where + ": a file is missing or can't be opened";
    }
    if (e instanceof ConfigException.WrongType) {
      return "resolved" + where + ": a text and a block or a list stand side by side";
    }
    return "resolved"
        + where
        + ": look at the syntax, the includes and the substitutions ("
        + e.getClass().getSimpleName()
        + ")";
  }

  private static InvalidPoolConfigException refusal(String problem) {
    return new InvalidPoolConfigException(List.of(problem));
  }
}
