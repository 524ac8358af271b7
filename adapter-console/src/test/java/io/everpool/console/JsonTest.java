package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JsonTest {

  @Test
  void commas_stand_between_and_nowhere_else() {
    Json json = new Json().object();
    json.name("a").array().value(1).value(true).array().endArray().object().endObject().endArray();
    json.name("b").object().name("c").value(null).endObject();
    json.name("d").value(-5);
    assertThat(json.endObject()).hasToString("{\"a\":[1,true,[],{}],\"b\":{\"c\":null},\"d\":-5}");
  }

  /** Line ends would end an event of the stream, and the rest would be markup somewhere. */
  @Test
  void nothing_in_a_text_ends_it() {
    assertThat(new Json().value("a\"b\\c\r\nd</script>&\u2028\u00e9\u0000"))
        .hasToString(
            "\"a\\\"b\\\\c\\u000d\\u000ad\\u003c/script\\u003e\\u0026\\u2028\\u00e9\\u0000\"");
  }
}
