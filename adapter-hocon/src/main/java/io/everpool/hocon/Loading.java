package io.everpool.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.everpool.api.InvalidPoolConfigException;
import java.util.List;
import java.util.function.Supplier;

/**
 * Loads and resolves without telling secrets: where a concatenation or a piece of syntax is wrong
 * the library's message quotes the values, a password among them, and so does its cause. So it is
 * said in our words, with the place, of which a URL may have a token in it; only that a
 * substitution has nothing to refer to is told in the library's own, which quote its name alone.
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

  /** The library's words, which begin with the place as it is. */
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
