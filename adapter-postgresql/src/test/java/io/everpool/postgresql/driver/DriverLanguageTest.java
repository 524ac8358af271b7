package io.everpool.postgresql.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.MessageFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.Driver;

/** Whatever the language of the JVM, the driver's failures are told apart. */
@Tag("contract")
class DriverLanguageTest {
  private static String translated(ResourceBundle words, String message) {
    return words.containsKey(message) ? words.getString(message) : message;
  }

  private static ResourceBundle words(String language) {
    return ResourceBundle.getBundle(
        "org.postgresql.translation.messages",
        Locale.forLanguageTag(language),
        Driver.class.getClassLoader());
  }

  /** Those that the translation doesn't tell apart (Russian, until 42.7.12, two factories). */
  private static List<String> alike(ResourceBundle words, String message) {
    String said = translated(words, message);
    return DriverLanguage.MESSAGES.stream()
        .filter(other -> translated(words, other).equals(said))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bg", "cs", "de", "fr", "it", "ja", "nl", "pl", "pt-BR", "ru", "sr", "tr", "zh-CN", "zh-TW"
      })
  void everyMessageThatIsReadIsReadInEveryLanguage(String language) {
    ResourceBundle words = words(language);
    DriverLanguage driver = DriverLanguage.of(message -> translated(words, message));
    for (String message : DriverLanguage.MESSAGES) {
      Object[] own = {"/a/b.c", "x"};
      String said = MessageFormat.format(translated(words, message), own);
      String english = MessageFormat.format(message, own);
      List<String> read = new ArrayList<>(alike(words, message));
      read.add(english);
      read.add("SSL error: " + english);
      assertThat(driver.english(said)).isIn(read);
      assertThat(driver.english("SSL error: " + said)).isIn(read);
    }
    assertThat(driver.english("something else")).isEqualTo("something else");
    assertThat(List.of("", "\0"))
        .allSatisfy(nothing -> assertThat(driver.english(nothing)).isEqualTo(nothing));
  }
}
