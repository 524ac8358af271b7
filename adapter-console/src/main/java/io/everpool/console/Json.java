package io.everpool.console;

import org.jspecify.annotations.Nullable;

/**
 * Writes JSON that may stand anywhere: all of it is one line, and it contains nothing that HTML
 * would interpret.
 */
final class Json {
  private final StringBuilder out = new StringBuilder();
  private boolean first = true;

  Json object() {
    return open('{');
  }

  Json endObject() {
    return close('}');
  }

  Json array() {
    return open('[');
  }

  Json endArray() {
    return close(']');
  }

  Json name(String name) {
    text(name);
    out.append(':');
    first = true;
    return this;
  }

  /** Writes a text, or null. */
  Json value(@Nullable String value) {
    if (value == null) {
      return raw("null");
    }
    text(value);
    return this;
  }

  Json value(long value) {
    return raw(Long.toString(value));
  }

  Json value(boolean value) {
    return raw(Boolean.toString(value));
  }

  private Json open(char bracket) {
    separate();
    out.append(bracket);
    first = true;
    return this;
  }

  private Json close(char bracket) {
    out.append(bracket);
    first = false;
    return this;
  }

  private Json raw(String value) {
    separate();
    out.append(value);
    return this;
  }

  private void text(String value) {
    separate();
    out.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c > '~' || c == '<' || c == '>' || c == '&') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private void separate() {
    if (!first) {
      out.append(',');
    }
    first = false;
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
