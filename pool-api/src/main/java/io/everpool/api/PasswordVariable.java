package io.everpool.api;

import java.sql.SQLInvalidAuthorizationSpecException;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An environment variable that holds a password. Thread-safe. */
final class PasswordVariable implements CredentialsProvider {
  private static final Pattern USUAL = Pattern.compile("[A-Z_][A-Z0-9_]*");

  private final String variable;
  private final UnaryOperator<@Nullable String> environment;

  PasswordVariable(String variable, UnaryOperator<@Nullable String> environment) {
    this.variable = variable;
    this.environment = environment;
  }

  /** Whether the name is more likely that of a variable than a password at the wrong place. */
  static boolean isName(String text) {
    return USUAL.matcher(text).matches();
  }

  @Override
  public Credentials credentials() throws SQLInvalidAuthorizationSpecException {
    String password = environment.apply(variable);
    if (password == null || password.isEmpty()) {
      throw new SQLInvalidAuthorizationSpecException(
          "The environment variable "
              + (isName(variable) ? variable + " " : "")
              + "that is to hold the password "
              + (password == null ? "isn't set" : "is empty")
              + (isName(variable)
                  ? ""
                  : ". Its name isn't shown, for it isn't all in capitals and may be the password"
                      + " itself"),
          "28000");
    }
    return Credentials.of(password);
  }

  @Override
  public String toString() {
    return "PasswordVariable[" + (isName(variable) ? variable : Redaction.MASK) + "]";
  }
}
