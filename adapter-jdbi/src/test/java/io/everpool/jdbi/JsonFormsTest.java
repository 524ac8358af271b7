package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.everpool.jdbi.JsonForms.Angular;
import io.everpool.jdbi.JsonForms.Animal;
import io.everpool.jdbi.JsonForms.Answer;
import io.everpool.jdbi.JsonForms.Circle;
import io.everpool.jdbi.JsonForms.Dog;
import io.everpool.jdbi.JsonForms.Event;
import io.everpool.jdbi.JsonForms.Mood;
import io.everpool.jdbi.JsonForms.Moved;
import io.everpool.jdbi.JsonForms.Page;
import io.everpool.jdbi.JsonForms.Right;
import io.everpool.jdbi.JsonForms.Shape;
import io.everpool.jdbi.JsonForms.Square;
import io.everpool.jdbi.JsonForms.Tagged;
import io.everpool.jdbi.JsonForms.Unit;
import io.everpool.servers.PostgresServer;
import java.lang.reflect.Type;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.generic.GenericType;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jdbi.v3.json.Json;
import org.jdbi.v3.sqlobject.SingleValue;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.config.RegisterConstructorMapper;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is JSON, is JSON in each form it can have: of which class, in which container. */
@Tag("contract")
class JsonFormsTest {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static PostgresServer server;
  private static Connection connection;
  private static Jdbi jdbi;

  /** Doesn't carry the annotation. */
  public record Plain(int x) {}

  /** A row with arrays and with uses of the annotation. */
  public record Row(
      int id,
      List<JsonNode> nodes,
      Set<Mood> moods,
      List<Shape> shapes,
      @Json JsonNode document,
      @Json Event event) {}

  /** Rows through a SqlObject. */
  public interface Rows {
    @SqlUpdate("insert into form values (:id, :nodes, :moods, :shapes, :document, :event)")
    void insert(@BindMethods Row row);

    @SqlUpdate("insert into form (id, nodes, event) values (:id, :nodes, :event)")
    void insert(int id, Collection<? extends JsonNode> nodes, @Json Event event);

    @SqlQuery("select nodes from form where id = :id")
    @SingleValue
    JsonNode[] nodes(int id);

    @SqlQuery("select event from form where id = :id")
    @Json
    Moved event(int id);

    @SqlQuery("select id, nodes, moods, shapes, document from form where id = :id")
    @RegisterConstructorMapper(Stored.class)
    Stored stored(int id);
  }

  /** What can be read back of a row: an event doesn't say which it is. */
  public record Stored(
      int id,
      List<JsonNode> nodes,
      Set<Mood> moods,
      List<Shape> shapes,
      @Nullable @Json JsonNode document) {}

  @BeforeAll
  static void startServer() throws SQLException {
    server = PostgresServer.start();
    connection = DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
    jdbi =
        Jdbi.create(connection)
            .installPlugin(new EverpoolPlugin(new LendingFakePool()))
            .installPlugin(new SqlObjectPlugin());
    jdbi.useHandle(
        handle ->
            handle.execute(
                "create table form (id int, nodes jsonb[], moods jsonb[], shapes jsonb[],"
                    + " document jsonb, event jsonb)"));
  }

  @AfterAll
  static void stopServer() throws SQLException {
    connection.close();
    server.close();
  }

  private static Arguments form(Object value, String json, Type readAs) {
    return Arguments.of(value.getClass().getSimpleName(), value, value.getClass(), json, readAs);
  }

  private static Arguments declared(Type type, Object value, String json, Type readAs) {
    return Arguments.of(type.getTypeName(), value, type, json, readAs);
  }

  static Stream<Arguments> documents() {
    ObjectNode object = NODES.objectNode().put("a", 1);
    ArrayNode array = NODES.arrayNode().add(1).add(object);
    Type shapes = new GenericType<Page<Shape>>() {}.getType();
    Type answer = new GenericType<Answer<Shape>>() {}.getType();
    Type right = new GenericType<Right<Shape>>() {}.getType();
    return Stream.of(
        form(object, "{\"a\": 1}", ObjectNode.class),
        form(array, "[1, {\"a\": 1}]", ArrayNode.class),
        form(TextNode.valueOf("t\"x"), "\"t\\\"x\"", TextNode.class),
        form(BooleanNode.TRUE, "true", BooleanNode.class),
        form(IntNode.valueOf(7), "7", IntNode.class),
        form(NullNode.getInstance(), "null", NullNode.class),
        declared(JsonNode.class, object, "{\"a\": 1}", JsonNode.class),
        form(Mood.GLAD, "\"GLAD\"", Mood.class),
        form(Mood.SAD, "\"SAD\"", Mood.class),
        declared(Mood.class, Mood.SAD, "\"SAD\"", Mood.class),
        form(Unit.METRE, "\"m\"", TextNode.class),
        declared(Unit.class, Unit.SECOND, "\"s\"", TextNode.class),
        declared(Tagged.class, Unit.SECOND, "\"s\"", TextNode.class),
        form(new Circle(3), "{\"type\": \"circle\", \"radius\": 3}", Shape.class),
        form(new Circle(3), "{\"type\": \"circle\", \"radius\": 3}", Circle.class),
        form(new Square(3), "{\"side\": 3, \"type\": \"square\"}", Shape.class),
        declared(
            Angular.class, new Square(3), "{\"side\": 3, \"type\": \"square\"}", Angular.class),
        declared(Shape.class, new Square(3), "{\"side\": 3, \"type\": \"square\"}", Square.class),
        form(new Moved(4), "{\"by\": 4}", Moved.class),
        declared(Event.class, new Moved(4), "{\"by\": 4}", Moved.class),
        form(Dog.called("Rex", 42), "{\"name\": \"Rex\", \"teeth\": 42}", Dog.class),
        declared(
            Animal.class, Dog.called("Rex", 42), "{\"name\": \"Rex\", \"teeth\": 42}", Dog.class),
        declared(
            shapes,
            new Page<Shape>(1, List.of(new Circle(3))),
            "{\"items\": [{\"type\": \"circle\", \"radius\": 3}], \"number\": 1}",
            shapes),
        form(new Right<>(5), "{\"value\": 5}", new GenericType<Right<Integer>>() {}.getType()),
        declared(
            answer,
            new Right<Shape>(new Circle(3)),
            "{\"value\": {\"type\": \"circle\", \"radius\": 3}}",
            right));
  }

  @ParameterizedTest(name = "{0} as {4}")
  @MethodSource("documents")
  void aValueIsTheSameJsonByEveryTypeItHas(
      String name, Object value, Type type, String json, Type readAs) {
    jdbi.useHandle(
        handle -> {
          assertThat(
                  handle
                      .createQuery("select :value::jsonb::text")
                      .bindByType("value", value, type)
                      .mapTo(String.class)
                      .one())
              .isEqualTo(json);
          assertThat(
                  handle
                      .createQuery("select :value::jsonb::text")
                      .bindByType("value", value, QualifiedType.of(type).with(Json.class))
                      .mapTo(String.class)
                      .one())
              // Jdbi has no JSON null for what it is told is JSON, but a tree is itself everywhere
              .isEqualTo(json);
          assertThat(
                  handle
                      .createQuery("select :value::jsonb::text")
                      .bindByType(
                          "value",
                          Optional.of(value),
                          GenericTypes.parameterizeClass(Optional.class, type))
                      .mapTo(String.class)
                      .one())
              .isEqualTo(json);
          Object expected = value instanceof Tagged tagged ? TextNode.valueOf(tagged.tag()) : value;
          assertThat(
                  handle
                      .createQuery("select :json::jsonb")
                      .bind("json", json)
                      .mapTo(QualifiedType.of(readAs))
                      .one())
              .isEqualTo(expected);
        });
  }

  static Stream<Arguments> arrays() {
    JsonNode one = IntNode.valueOf(1);
    JsonNode text = TextNode.valueOf("a, \"b\" {c} \\");
    JsonNode object = NODES.objectNode().put("a", 1);
    JsonNode none = NullNode.getInstance();
    String nodes =
        "{1,\"\\\"a, \\\\\\\"b\\\\\\\" {c} \\\\\\\\\\\"\",\"{\\\"a\\\": 1}\",\"null\",NULL}";
    String shapes =
        "{\"{\\\"type\\\": \\\"circle\\\", \\\"radius\\\": 3}\","
            + "\"{\\\"side\\\": 4, \\\"type\\\": \\\"square\\\"}\",NULL}";
    List<@Nullable JsonNode> trees = Arrays.asList(one, text, object, none, null);
    List<@Nullable Shape> forms = Arrays.asList(new Circle(3), new Square(4), null);
    String moods = "{\"\\\"GLAD\\\"\",\"\\\"SAD\\\"\"}";
    return Stream.of(
        Arguments.of(new GenericType<List<JsonNode>>() {}.getType(), trees, nodes),
        Arguments.of(
            new GenericType<Set<JsonNode>>() {}.getType(),
            new LinkedHashSet<>(trees.subList(0, 4)), // a set that Jdbi makes takes no null
            nodes.replace(",NULL", "")),
        Arguments.of(new GenericType<Collection<JsonNode>>() {}.getType(), trees, nodes),
        Arguments.of(
            new GenericType<ArrayList<JsonNode>>() {}.getType(), new ArrayList<>(trees), nodes),
        Arguments.of(JsonNode[].class, trees.toArray(JsonNode[]::new), nodes),
        Arguments.of(new GenericType<List<JsonNode>>() {}.getType(), List.of(), "{}"),
        Arguments.of(JsonNode[].class, new JsonNode[0], "{}"),
        Arguments.of(
            new GenericType<List<ObjectNode>>() {}.getType(),
            List.of(object),
            "{\"{\\\"a\\\": 1}\"}"),
        Arguments.of(
            ObjectNode[].class, new ObjectNode[] {(ObjectNode) object}, "{\"{\\\"a\\\": 1}\"}"),
        Arguments.of(
            new GenericType<List<ArrayNode>>() {}.getType(),
            List.of(NODES.arrayNode().add(1).add(2)),
            "{\"[1, 2]\"}"),
        Arguments.of(
            new GenericType<Set<TextNode>>() {}.getType(),
            Set.of(TextNode.valueOf("t")),
            "{\"\\\"t\\\"\"}"),
        Arguments.of(new GenericType<List<Shape>>() {}.getType(), forms, shapes),
        Arguments.of(
            new GenericType<Set<Shape>>() {}.getType(),
            new LinkedHashSet<>(forms.subList(0, 2)),
            shapes.replace(",NULL", "")),
        Arguments.of(Shape[].class, forms.toArray(Shape[]::new), shapes),
        Arguments.of(
            new GenericType<List<Circle>>() {}.getType(),
            List.of(new Circle(3)),
            "{\"{\\\"type\\\": \\\"circle\\\", \\\"radius\\\": 3}\"}"),
        Arguments.of(
            Circle[].class,
            new Circle[] {new Circle(3)},
            "{\"{\\\"type\\\": \\\"circle\\\", \\\"radius\\\": 3}\"}"),
        Arguments.of(
            new GenericType<List<Moved>>() {}.getType(),
            List.of(new Moved(4)),
            "{\"{\\\"by\\\": 4}\"}"),
        Arguments.of(
            new GenericType<List<Mood>>() {}.getType(), List.of(Mood.GLAD, Mood.SAD), moods),
        Arguments.of(Mood[].class, Mood.values(), moods),
        Arguments.of(
            new GenericType<List<Page<Shape>>>() {}.getType(),
            List.of(new Page<Shape>(1, List.of(new Circle(3)))),
            "{\"{\\\"items\\\": [{\\\"type\\\": \\\"circle\\\", \\\"radius\\\": 3}],"
                + " \\\"number\\\": 1}\"}"));
  }

  @ParameterizedTest(name = "{0} {2}")
  @MethodSource("arrays")
  void aCollectionOfJsonIsAnArrayOfJsonbBothWays(Type type, Object elements, String text) {
    jdbi.useHandle(
        handle -> {
          assertThat(
                  handle
                      .createQuery("select pg_typeof(:array)::text || :array::text")
                      .bindByType("array", elements, type)
                      .mapTo(String.class)
                      .one())
              .isEqualTo("jsonb[]" + text);
          assertThat(
                  handle
                      .createQuery("select :text::jsonb[]")
                      .bind("text", text)
                      .mapTo(QualifiedType.of(type))
                      .one())
              .isEqualTo(elements);
          assertThat(
                  handle
                      .createQuery("select (:array)::jsonb[] is null")
                      .bindByType("array", null, type)
                      .mapTo(boolean.class)
                      .one())
              .isTrue();
        });
  }

  /** An array says its elements' class itself, so nobody has to. */
  @Test
  void anArrayBindsWithoutItsType() {
    jdbi.useHandle(
        handle -> {
          assertThat(
                  handle
                      .createQuery("select cardinality(:trees) + cardinality(:moods)")
                      .bind("trees", new JsonNode[] {IntNode.valueOf(1), null})
                      .bind("moods", new Mood[] {Mood.SAD})
                      .mapTo(int.class)
                      .one())
              .isEqualTo(3);
          assertThat(
                  handle
                      .createQuery("select (:trees)[2]")
                      .bindArray("trees", JsonNode.class, IntNode.valueOf(1), TextNode.valueOf("2"))
                      .mapTo(JsonNode.class)
                      .one())
              .isEqualTo(TextNode.valueOf("2"));
        });
  }

  @Test
  void rowsOfEveryFormGoThroughASqlObject() throws Exception {
    Rows rows = jdbi.onDemand(Rows.class);
    JsonNode tree = new ObjectMapper().readTree("{\"a\": [1, \"two\", null]}");
    List<JsonNode> trees = List.of(tree, NullNode.getInstance());
    List<Shape> shapes = List.of(new Circle(1), new Square(2));

    rows.insert(new Row(1, trees, Set.of(Mood.SAD), shapes, NullNode.getInstance(), new Moved(5)));
    rows.insert(2, List.of(TextNode.valueOf("t")), new Moved(6));

    Stored first = rows.stored(1);
    assertThat(first.nodes()).isEqualTo(trees);
    assertThat(first.moods()).containsExactly(Mood.SAD);
    assertThat(first.shapes()).isEqualTo(shapes);
    assertThat(first.document()).isEqualTo(NullNode.getInstance());
    assertThat(rows.stored(2).document()).isNull();
    assertThat(rows.nodes(2)).containsExactly(TextNode.valueOf("t"));
    assertThat(rows.event(1)).isEqualTo(new Moved(5));
    assertThat(rows.event(2)).isEqualTo(new Moved(6));
  }

  /** SQL's NULL and JSON's, of a tree, whether the use says that it is JSON or not. */
  @Test
  void theNullsOfATreeAreKeptApartWhoeverSaysThatItIsJson() {
    QualifiedType<JsonNode> json = QualifiedType.of(JsonNode.class).with(Json.class);
    for (QualifiedType<JsonNode> type : List.of(QualifiedType.of(JsonNode.class), json)) {
      jdbi.useHandle(
          handle -> {
            assertThat(
                    handle
                        .createQuery("select :null::jsonb is null, jsonb_typeof(:none)")
                        .bindByType("null", null, type)
                        .bindByType("none", NullNode.getInstance(), type)
                        .map((row, context) -> row.getBoolean(1) + row.getString(2))
                        .one())
                .isEqualTo("truenull");
            assertThat(handle.createQuery("select null::jsonb").mapTo(type).findOne()).isEmpty();
            assertThat(handle.createQuery("select 'null'::jsonb").mapTo(type).one())
                .isEqualTo(NullNode.getInstance());
          });
    }
  }

  /** What says nothing about JSON is what it was: Jdbi's, or nobody's. */
  @Test
  void aTypeThatDoesNotCarryTheAnnotationIsNotJson() {
    assertThat(
            catchThrowable(
                () ->
                    jdbi.withHandle(
                        handle ->
                            handle
                                .createQuery("select :plain::jsonb")
                                .bind("plain", new Plain(1))
                                .mapTo(String.class)
                                .one())))
        .hasMessageContaining("No argument factory registered");
  }
}
