package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.everpool.servers.PostgresServer;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.generic.GenericType;
import org.jdbi.v3.core.mapper.reflect.ConstructorMapper;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jdbi.v3.core.result.ResultSetException;
import org.jdbi.v3.core.result.UnableToProduceResultException;
import org.jdbi.v3.json.Json;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.customizer.BindMethods;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** JSONB both ways, on a real server. */
@Tag("contract")
class JsonbTest {
  private static PostgresServer server;
  private static Jdbi jdbi;

  /** JSON wherever it occurs. */
  @Json
  public record Address(String street, int number) {}

  /** JSON where it is asked for. */
  public record Taste(List<String> likes) {}

  /** A row with both. */
  public record Person(int id, Address address, @Json Taste taste, JsonNode extra) {}

  /** The same through a SqlObject. */
  public interface People {
    @SqlUpdate("insert into person values (:id, :address, :taste, :extra)")
    void insert(@BindMethods Person person);

    @SqlQuery("select * from person where address @> :like")
    List<Person> living(Address like);

    @SqlQuery("select address from person")
    List<Address> addresses();

    @SqlQuery("select extra from person")
    List<JsonNode> extras();
  }

  @BeforeAll
  static void startServer() {
    server = PostgresServer.start();
    PGSimpleDataSource database = new PGSimpleDataSource();
    database.setUrl(server.jdbcUrl());
    database.setUser(server.user());
    database.setPassword(server.password());
    jdbi =
        Jdbi.create(database)
            .installPlugin(new EverpoolPlugin(new LendingFakePool()))
            .installPlugin(new SqlObjectPlugin())
            .registerRowMapper(ConstructorMapper.factory(Person.class));
    jdbi.useHandle(
        handle ->
            handle.execute(
                "create table person (id int, address jsonb, taste jsonb, extra jsonb)"));
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void nobody() {
    jdbi.useHandle(handle -> handle.execute("truncate person"));
  }

  @Test
  void aTreeIsBoundAsJsonbAndMappedAsItIs() throws Exception {
    JsonNode tree = new ObjectMapper().readTree("{\"a\": [1, null, \"two\", {\"b\": 2.50}]}");
    jdbi.useHandle(
        handle -> {
          assertThat(
                  handle
                      .createQuery("select pg_typeof(:tree)::text")
                      .bind("tree", tree)
                      .mapTo(String.class)
                      .one())
              .isEqualTo("jsonb");
          assertThat(
                  handle.createQuery("select :tree").bind("tree", tree).mapTo(JsonNode.class).one())
              .isEqualTo(tree);
          assertThat(handle.createQuery("select '[1]'::json").mapTo(ArrayNode.class).one().get(0))
              .hasToString("1");
        });
  }

  /** SQL knows a value that isn't there, JSON one that is nothing; they must not be mixed up. */
  @Test
  void theNullsOfSqlAndOfJsonAreKeptApart() {
    jdbi.useHandle(
        handle -> {
          handle
              .createUpdate("insert into person (id, extra) values (1, :absent), (2, :nothing)")
              .bindByType("absent", null, JsonNode.class)
              .bind("nothing", NullNode.getInstance())
              .execute();
          assertThat(
                  handle
                      .createQuery("select extra is null from person order by id")
                      .mapTo(Boolean.class)
                      .list())
              .containsExactly(true, false);
          assertThat(
                  handle
                      .createQuery("select extra from person order by id")
                      .mapTo(JsonNode.class)
                      .list())
              .containsExactly(null, NullNode.getInstance());
        });
  }

  @Test
  void aTreeOfAnotherKindThanAskedForIsRefused() {
    assertThatThrownBy(
            () ->
                jdbi.withHandle(
                    handle ->
                        handle.createQuery("select '[1]'::jsonb").mapTo(ObjectNode.class).one()))
        .isInstanceOfAny(UnableToProduceResultException.class, ResultSetException.class)
        .hasMessageContaining("ARRAY")
        .hasMessageContaining("ObjectNode");
  }

  @Test
  void aRecordThatCarriesJsonIsBoundAndMappedWithoutCeremony() {
    Address address = new Address("Elm \"Street\"", 7);
    jdbi.useHandle(
        handle -> {
          handle
              .createUpdate("insert into person (id, address) values (1, :address)")
              .bind("address", address)
              .execute();
          assertThat(handle.createQuery("select address from person").mapTo(Address.class).one())
              .isEqualTo(address);
          assertThat(
                  handle
                      .createQuery("select address ->> 'number' from person")
                      .mapTo(int.class)
                      .one())
              .isEqualTo(7);
        });
  }

  @Test
  void anyTypeIsBoundAndMappedAsJsonWhereItIsAskedFor() {
    QualifiedType<Taste> taste = QualifiedType.of(Taste.class).with(Json.class);
    QualifiedType<Map<String, Integer>> map =
        QualifiedType.of(new GenericType<Map<String, Integer>>() {}).with(Json.class);
    jdbi.useHandle(
        handle -> {
          handle
              .createUpdate("insert into person (id, taste, extra) values (1, :taste, :map)")
              .bindByType("taste", new Taste(List.of("tea")), taste)
              .bindByType("map", Map.of("one", 1), map)
              .execute();
          assertThat(handle.createQuery("select taste from person").mapTo(taste).one())
              .isEqualTo(new Taste(List.of("tea")));
          assertThat(handle.createQuery("select extra from person").mapTo(map).one())
              .isEqualTo(Map.of("one", 1));
        });
  }

  @Test
  void aRowWithJsonInItGoesThroughASqlObjectBothWays() {
    People people = jdbi.onDemand(People.class);
    ObjectNode extra = new ObjectMapper().createObjectNode().put("vip", true);
    Person ann = new Person(1, new Address("Elm", 7), new Taste(List.of("tea", "cake")), extra);
    Person bob = new Person(2, new Address("Oak", 7), new Taste(List.of()), extra);

    people.insert(ann);
    people.insert(bob);

    assertThat(people.living(new Address("Elm", 7))).containsExactly(ann);
    assertThat(people.addresses()).containsExactly(ann.address(), bob.address());
    assertThat(people.extras()).containsExactly(extra, extra);
  }
}
