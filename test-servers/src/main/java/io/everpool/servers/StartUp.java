package io.everpool.servers;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The first packet of a client (PostgreSQL: "Message Formats"): a code, and what belongs to it. */
final class StartUp {
  static final int SSL_REQUEST = 80_877_103;
  static final int GSS_REQUEST = 80_877_104;
  static final int CANCEL_REQUEST = 80_877_102;

  /** Length and code. */
  private static final int HEAD = 8;

  private static final int LONGEST = 10_000;
  private static final String OPTIONS = "options";
  private static final List<String> ENDPOINT = List.of("endpoint=", "project=");

  private final int code;
  private final byte[] body;

  private StartUp(int code, byte[] body) {
    this.code = code;
    this.body = body;
  }

  /** One that only asks for TLS. */
  static StartUp sslRequest() {
    return new StartUp(SSL_REQUEST, new byte[0]);
  }

  /** One of the constants, or the version of the protocol. */
  int code() {
    return code;
  }

  static StartUp read(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < HEAD || length > LONGEST) {
      throw new IOException("no start-up packet: " + length + " bytes");
    }
    int code = in.readInt();
    return new StartUp(code, in.readNBytes(length - HEAD));
  }

  byte[] bytes() {
    return ByteBuffer.allocate(HEAD + body.length)
        .putInt(HEAD + body.length)
        .putInt(code)
        .put(body)
        .array();
  }

  String user() {
    return parameters().getOrDefault("user", "");
  }

  /** What {@code options} say of the endpoint; null for nothing. */
  @Nullable String endpoint() {
    return words()
        .flatMap(
            word ->
                ENDPOINT.stream()
                    .filter(word::startsWith)
                    .map(prefix -> word.substring(prefix.length())))
        .findFirst()
        .orElse(null);
  }

  /** The same packet without what was meant for the proxy alone. */
  StartUp forCompute() {
    Map<String, String> parameters = parameters();
    String options =
        words()
            .filter(word -> ENDPOINT.stream().noneMatch(word::startsWith))
            .collect(Collectors.joining(" "));
    parameters.remove(OPTIONS);
    if (!options.isEmpty()) {
      parameters.put(OPTIONS, options);
    }
    return new StartUp(code, written(parameters));
  }

  private Stream<String> words() {
    return Stream.of(parameters().getOrDefault(OPTIONS, "").split(" "))
        .filter(word -> !word.isEmpty());
  }

  /** Names and values, each ended by a zero byte, and another at the end. */
  private Map<String, String> parameters() {
    String[] texts = new String(body, StandardCharsets.UTF_8).split("\0", -1);
    Map<String, String> parameters = new LinkedHashMap<>();
    for (int i = 0; i + 1 < texts.length && !texts[i].isEmpty(); i += 2) {
      parameters.put(texts[i], texts[i + 1]);
    }
    return parameters;
  }

  private static byte[] written(Map<String, String> parameters) {
    StringBuilder text = new StringBuilder();
    parameters.forEach((name, value) -> text.append(name).append('\0').append(value).append('\0'));
    return text.append('\0').toString().getBytes(StandardCharsets.UTF_8);
  }
}
