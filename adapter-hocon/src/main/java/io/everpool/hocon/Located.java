package io.everpool.hocon;

import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.everpool.api.Redaction;

/** A value and the path at which it was found. */
record Located(String path, ConfigValue value) {

  boolean isNull() {
    return value.valueType() == ConfigValueType.NULL;
  }

  /** Where it stands, in brackets: file and line, or the environment variable it came from. */
  String origin() {
    return " (" + Redaction.url(value.origin().description()) + ")";
  }

  /** What kind of value it is, in words. */
  String kind() {
    return switch (value.valueType()) {
      case OBJECT -> "a block";
      case LIST -> "a list";
      case NUMBER -> "a number";
      case BOOLEAN -> "a boolean";
      case NULL -> "null";
      case STRING -> "a string";
    };
  }
}
