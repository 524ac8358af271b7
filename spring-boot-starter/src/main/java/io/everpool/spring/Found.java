package io.everpool.spring;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * A property that somebody has set.
 *
 * @param value as it is worth, its placeholders replaced
 * @param place where it stands, in words that carry no secret
 */
record Found(ConfigurationPropertyName name, String value, String place) {

  /**
   * Whether it says nothing: so a null of YAML arrives, and a placeholder with an empty default.
   */
  boolean isBlank() {
    return value.isBlank();
  }
}
