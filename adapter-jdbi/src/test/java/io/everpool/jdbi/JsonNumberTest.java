package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NumericNode;
import com.fasterxml.jackson.databind.node.ShortNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.everpool.servers.PostgresServer;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.generic.GenericType;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jdbi.v3.jackson2.Jackson2Config;
import org.jdbi.v3.json.Json;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * PostgreSQL's numbers in JSON are decimal, of any length, and keep the zeros at their end. What is
 * read and written back is the same to the digit: amounts of money that are merely near are wrong.
 */
class JsonNumberTest {
  private static PostgresServer server;
  private static Connection connection;
  private static Jdbi jdbi;

  /** Jsonb puts long keys last, so Jackson has to keep the numbers until it knows the type. */
  @Json
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "longestKeyOfAll")
  @JsonSubTypes(@JsonSubTypes.Type(value = Invoice.class, name = "Invoice"))
  public sealed interface Document {}

  /** The only one. */
  public record Invoice(BigDecimal sum, JsonNode tree) implements Document {}

  @BeforeAll
  static void startServer() throws SQLException {
    server = PostgresServer.start();
    connection = DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
    jdbi = jdbi();
    jdbi.useHandle(handle -> handle.execute("create table number as select null::jsonb as went"));
  }

  private static Jdbi jdbi() {
    return Jdbi.create(connection).installPlugin(new EverpoolPlugin(new LendingFakePool()));
  }

  @AfterAll
  static void stopServer() throws SQLException {
    connection.close();
    server.close();
  }

  static Stream<String> numbers() {
    return Stream.of(
        "0",
        "-0",
        "0.0",
        "-0.0",
        "0.00",
        "1",
        "-1",
        "1.0",
        "1.1",
        "1.10",
        "1.100",
        "-1.10",
        "0.1",
        "0.10",
        "0.002",
        "0.0020",
        "2.5",
        "100.00",
        "100000000.5",
        "3.141592653589793",
        "3.1415926535897932",
        "3.14159265358979323846264338327950288",
        "12345678901234567890.1234567890",
        "0.30000000000000004",
        "9007199254740993",
        "9007199254740993.0",
        "2147483647",
        "2147483648",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890123456789012345678901234567890",
        "1e0",
        "1e2",
        "1.0e2",
        "1.50E+2",
        "1e-2",
        "1.10e-7",
        "1e22",
        "1e23",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "1e309",
        "1.5e400",
        "4.9e-324",
        "2.4e-324",
        "1.23e-400",
        "9".repeat(1000),
        "0." + "1".repeat(999));
  }

  static Stream<Arguments> numbersInShapes() {
    return numbers()
        .flatMap(
            number ->
                Stream.of(
                    Arguments.of(shorten(number), number),
                    Arguments.of("[" + shorten(number) + "]", "[" + number + ", " + number + "]"),
                    Arguments.of(
                        "{" + shorten(number) + "}",
                        "{\"a\": {\"b\": [null, {\"c\": " + number + "}]}}")));
  }

  private static String shorten(String number) {
    return number.length() < 70 ? number : number.substring(0, 10) + "... " + number.length();
  }

  @Tag("contract")
  @ParameterizedTest(name = "{0}")
  @MethodSource("numbersInShapes")
  void aTreeReadAndWrittenBackIsTheSameToTheDigit(String name, String json) {
    jdbi.useHandle(
        handle -> {
          String text =
              handle.createQuery("select ?::jsonb::text").bind(0, json).mapTo(String.class).one();
          // json keeps the text as it was written
          for (String type : List.of("jsonb", "json")) {
            JsonNode tree =
                handle.createQuery("select ?::" + type).bind(0, json).mapTo(JsonNode.class).one();
            handle.createUpdate("update number set went = :tree").bind("tree", tree).execute();
            assertThat(
                    handle.createQuery("select went::text from number").mapTo(String.class).one())
                .isEqualTo(text);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void treesWithinArraysObjectsAndContainersKeepTheirDigitsToo(String number) {
    QualifiedType<Map<String, JsonNode>> map =
        QualifiedType.of(new GenericType<Map<String, JsonNode>>() {}).with(Json.class);
    GenericType<List<JsonNode>> list = new GenericType<>() {};
    jdbi.useHandle(
        handle -> {
          String text =
              handle.createQuery("select ?::jsonb::text").bind(0, number).mapTo(String.class).one();

          List<JsonNode> trees =
              handle
                  .createQuery("select array[?::jsonb, '7', null]")
                  .bind(0, number)
                  .mapTo(list)
                  .one();
          assertThat(
                  handle
                      .createQuery("select (:trees)[1]::text")
                      .bindByType("trees", trees, list)
                      .mapTo(String.class)
                      .one())
              .isEqualTo(text);

          String object = "{\"n\": " + text + "}";
          Map<String, JsonNode> inMap =
              handle.createQuery("select ?::jsonb").bind(0, object).mapTo(map).one();
          assertThat(
                  handle
                      .createQuery("select :map::jsonb::text")
                      .bindByType("map", inMap, map)
                      .mapTo(String.class)
                      .one())
              .isEqualTo(object);

          String document =
              "{\"sum\": " + text + ", \"tree\": [" + text + "], \"longestKeyOfAll\": \"Invoice\"}";
          Document invoice =
              handle.createQuery("select ?::jsonb").bind(0, document).mapTo(Document.class).one();
          assertThat(
                  handle
                      .createQuery("select :invoice::jsonb::text")
                      .bind("invoice", invoice)
                      .mapTo(String.class)
                      .one())
              .isEqualTo(document);
        });
  }

  /** Before 2.19 Jackson takes no wish for trees alone, so a mapper has to be told of all. */
  @Tag("contract")
  @Test
  void aTreeWithinAnObjectIsAsExactAsThePresentJacksonCanMakeIt() {
    String sum = "12345678901234567890.10";
    QualifiedType<Map<String, JsonNode>> map =
        QualifiedType.of(new GenericType<Map<String, JsonNode>>() {}).with(Json.class);
    boolean forTreesAlone =
        Stream.of(JsonNodeFeature.values())
            .anyMatch(each -> each.name().equals("USE_BIG_DECIMAL_FOR_FLOATS"));
    Jdbi told = jdbi();
    told.getConfig(Jackson2Config.class)
        .setMapper(
            JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build());

    for (Jdbi each : List.of(jdbi, told)) {
      JsonNode tree =
          each.withHandle(
                  handle ->
                      handle
                          .createQuery("select ?::jsonb")
                          .bind(0, "{\"sum\": " + sum + "}")
                          .mapTo(map)
                          .one())
              .get("sum");
      assertThat(tree).hasToString(each == told || forTreesAlone ? sum : "1.2345678901234567E19");
    }
  }

  /** Most code that compares trees has read the others by a mapper of its own. */
  @Tag("contract")
  @Test
  void aNumberThatADoubleHoldsIsTheNodeThatJacksonMakesOfIt() throws Exception {
    String json = "[0.5, 1.0, 2.5, -0.1, 1.5e10, 3, 9223372036854775807, 9223372036854775808]";

    assertThat(read("select '" + json + "'::json", JsonNode.class))
        .isEqualTo(new ObjectMapper().readTree(json));
  }

  /** A tree that only asks for a kind of number needn't know which one Jackson prefers. */
  @Tag("contract")
  @Test
  void anyKindOfNumberThatFitsCanBeAskedFor() {
    assertThat(read("select '1.10'::jsonb", NumericNode.class).decimalValue())
        .isEqualTo(new BigDecimal("1.10"));
    assertThat(read("select '1.5'::jsonb", DecimalNode.class).decimalValue())
        .isEqualTo(new BigDecimal("1.5"));
    assertThat(read("select '5'::jsonb", DecimalNode.class).decimalValue())
        .isEqualTo(new BigDecimal("5"));
    assertThat(read("select '1.10'::jsonb", DoubleNode.class)).isEqualTo(DoubleNode.valueOf(1.1));
    assertThat(read("select '1.5'::jsonb", FloatNode.class)).isEqualTo(FloatNode.valueOf(1.5f));
    assertThat(read("select '5'::jsonb", BigIntegerNode.class))
        .isEqualTo(BigIntegerNode.valueOf(BigInteger.valueOf(5)));
    assertThat(read("select '5'::jsonb", LongNode.class)).isEqualTo(LongNode.valueOf(5));
    assertThat(read("select '5'::jsonb", IntNode.class)).isEqualTo(IntNode.valueOf(5));
    assertThat(read("select '5'::jsonb", ShortNode.class)).isEqualTo(ShortNode.valueOf((short) 5));

    for (Class<? extends JsonNode> tooSmall : List.of(ShortNode.class, IntNode.class)) {
      // the lower bits of this are 5
      assertRefused("18446744073709551621", tooSmall);
    }
    assertRefused("18446744073709551621", LongNode.class);
    assertRefused("40000", ShortNode.class);
    assertRefused("1.5", IntNode.class);
    assertRefused("1.5", BigIntegerNode.class);
    assertRefused("1.5", TextNode.class);
  }

  private static void assertRefused(String number, Class<? extends JsonNode> kind) {
    assertThatThrownBy(() -> read("select '" + number + "'::jsonb", kind))
        .hasMessageContaining("NUMBER")
        .hasMessageContaining(kind.getSimpleName());
  }

  @Tag("contract")
  @Test
  void aMapperThatWantsDecimalsGetsThem() {
    Jdbi decimals = jdbi();
    decimals
        .getConfig(Jackson2Config.class)
        .setMapper(
            JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build());

    assertThat(read(decimals, "select '2.5'::jsonb", JsonNode.class))
        .isEqualTo(DecimalNode.valueOf(new BigDecimal("2.5")));
    assertThat(read(decimals, "select '1.10'::jsonb", JsonNode.class)).hasToString("1.10");
  }

  /** What Jackson takes is bounded by the mapper; beyond it says so, and loses nothing silently. */
  @Tag("contract")
  @Test
  void aNumberLongerThanTheMapperAllowsIsRefusedByNameAndReadByOneThatAllowsIt() {
    String query = "select '1e1000'::jsonb";
    assertThatThrownBy(() -> read(query, JsonNode.class))
        .hasMessageContaining("StreamReadConstraints.getMaxNumberLength()");

    Jdbi wide = jdbi();
    wide.getConfig(Jackson2Config.class)
        .setMapper(
            new ObjectMapper(
                JsonFactory.builder()
                    .streamReadConstraints(
                        StreamReadConstraints.builder().maxNumberLength(200_000).build())
                    .build()));

    assertThat(read(wide, query, JsonNode.class).bigIntegerValue())
        .isEqualTo(BigInteger.TEN.pow(1000));
  }

  private static <T> T read(String query, Class<T> type) {
    return read(jdbi, query, type);
  }

  private static <T> T read(Jdbi from, String query, Class<T> type) {
    return from.withHandle(handle -> handle.createQuery(query).mapTo(type).one());
  }
}
