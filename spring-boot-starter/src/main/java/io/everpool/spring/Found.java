package io.everpool.spring;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * A property that somebody has set.
 *
 * @param value the value, in which placeholders were replaced
 * @param place where the property is set, in words that contain no secret
 */
record Found(ConfigurationPropertyName name, String value, String place) {

  /**
   * Whether the value says nothing: a null of YAML arrives like this, and a placeholder with an
   * empty default.
   */
  boolean isBlank() {
    return value.isBlank();
  }

  /** The same property with another value. */
  Found with(String other) {
    return new Found(name, other, place);
  }
}
