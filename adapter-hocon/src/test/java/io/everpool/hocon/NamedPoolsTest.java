package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import io.everpool.api.PoolConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("contract")
class NamedPoolsTest {

  private static final Config TWO =
      Hocon.lines(
          """
          everpool {
            name = shared
            url = "postgresql://a/shared", user = app, password = pw, max-size = 9
            properties { ApplicationName = shop, tcpKeepAlive = true, socketTimeout = 5 }
            retry { max-attempts = 2, max-backoff = 3s }
            pools {
              orders { min-size = 4, retry { max-attempts = 7 } }
              reports {
                url = "postgresql://b/reports", user = null, password = null
                properties { ApplicationName = reports, socketTimeout = null }
              }
              "a.b" { properties = null }
            }
          }
          """);

  /** One line per pool must do; the rest is said once. */
  @Test
  void aNamedPoolFallsBackToTheBlockAroundIt() {
    PoolConfig orders = EverpoolConfig.from(TWO, "orders");

    assertThat(orders.name()).isEqualTo("orders");
    assertThat(orders.url()).isEqualTo("postgresql://a/shared");
    assertThat(orders.password()).isEqualTo("pw");
    assertThat(orders.minSize()).isEqualTo(4);
    assertThat(orders.maxSize()).isEqualTo(9);
    assertThat(orders.retry().maxAttempts()).isEqualTo(7);
    assertThat(orders.retry().maxBackoff()).hasSeconds(3);
    assertThat(orders.properties())
        .isEqualTo(Map.of("ApplicationName", "shop", "tcpKeepAlive", "true", "socketTimeout", "5"));
  }

  /** Another database must not be sent the credentials of the first one against one's will. */
  @Test
  void nullTakesBackWhatTheBlockAroundHasSet() {
    PoolConfig reports = EverpoolConfig.from(TWO, "reports");

    assertThat(reports.url()).isEqualTo("postgresql://b/reports");
    assertThat(reports.user()).isNull();
    assertThat(reports.password()).isNull();
    assertThat(reports.properties())
        .isEqualTo(Map.of("ApplicationName", "reports", "tcpKeepAlive", "true"));
    assertThat(EverpoolConfig.from(TWO, "a.b").properties()).isEmpty();
  }

  /** The replicas of one database are none of another. */
  @Test
  void readersComeWithTheUrl() {
    Config root =
        Hocon.lines(
            "everpool { url = \"postgresql://a/shop\", readers = [\"postgresql://r/shop\"]",
            "pools { same {}, other { url = \"postgresql://b/log\" }, none { readers = [] }",
            "unset { url = ${?no_such_variable} }",
            "own { url = \"postgresql://c/x\", readers = [\"postgresql://s/x\"] } } }");

    assertThat(readers(root, "same")).containsExactly("postgresql://r/shop");
    assertThat(readers(root, "unset")).containsExactly("postgresql://r/shop");
    assertThat(readers(root, "other")).isEmpty();
    assertThat(readers(root, "none")).isEmpty();
    assertThat(readers(root, "own")).containsExactly("postgresql://s/x");
  }

  private static List<String> readers(Config root, String pool) {
    return EverpoolConfig.from(root, pool).readers();
  }

  /** The block around is a pool as well, and the named ones are nothing to it. */
  @Test
  void theRootBlockIsAPoolOfItsOwn() {
    PoolConfig root = EverpoolConfig.from(TWO);

    assertThat(root.name()).isEqualTo("shared");
    assertThat(root.minSize()).isEqualTo(2);
  }

  /** An application may open a pool for each block. */
  @Test
  void theNamesAreListedInOrder() {
    assertThat(EverpoolConfig.poolNames(TWO)).containsExactly("a.b", "orders", "reports");
    assertThat(EverpoolConfig.poolNames(Hocon.lines("x = 1"))).isEmpty();
  }

  /** A slip in the name must not open a pool of defaults. */
  @Test
  void aPoolWithoutABlockIsAProblemThatListsTheBlocks() {
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(TWO, "order")))
        .containsExactly(
            "there is no block everpool.pools.order; there are [a.b, orders, reports]");
  }

  /** Two names for one pool would make its logs and metrics hard to find. */
  @Test
  void aNamedPoolIsCalledByItsKeyAndNothingElse() {
    Config root =
        Hocon.lines("everpool { url = \"jdbc:x\", pools { \"a b\" {}, c { name = d } } }");

    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root, "c")))
        .containsExactly(
            "everpool.pools.c.name must go: a pool under pools is called by its key (String: 1)");
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root, "a b")))
        .singleElement()
        .asString()
        .contains("name is \"a b\"");
  }

  /** The reader of the message must find the line, in whichever block it is. */
  @Test
  void aProblemSaysInWhichBlockItStands() {
    Config root =
        Hocon.lines(
            "everpool { url = \"jdbc:x\", max-sizes = 1, max-size = many",
            "pools { orders { min-size = -1, retri {} } } }");

    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root, "orders")))
        .containsExactly(
            "unknown key everpool.pools.orders.retri; did you mean retry? (String: 2)",
            "unknown key everpool.max-sizes; did you mean max-size? (String: 1)",
            "everpool.max-size is \"many\"; it must be a whole number, such as 20 (String: 1)",
            "everpool.pools.orders.min-size is -1; it must be 0 or more (String: 2)");
  }

  /** A block that isn't one hides what was meant to be in it. */
  @Test
  void whatMustBeABlockIsRefusedIfItIsNone() {
    Config root =
        Hocon.lines("everpool { url = \"jdbc:x\", pools { orders = 5, others { retry = on } } }");

    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root, "orders")))
        .containsExactly(
            "everpool.pools.orders is a number; it must be a block { ... } (String: 1)");
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root, "others")))
        .containsExactly(
            "everpool.pools.others.retry is a string; it must be a block { ... } (String: 1)");
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.poolNames(Hocon.lines("everpool = 1"))))
        .containsExactly("everpool is a number; it must be a block { ... } (String: 1)");
  }

  /** A slip in a pool that is loaded tomorrow is better found today. */
  @Test
  void aSlipInAPoolThatNobodyLoadsIsFound() {
    Config root =
        Hocon.lines(
            "everpool { url = \"jdbc:x\", pools { a {}",
            "b { min-sze = 1, retry { x = 1 } }",
            "c { max-size = many, min-size = -1 } } }");
    String[] unknown = {
      "unknown key everpool.pools.b.min-sze; did you mean min-size? (String: 2)",
      "unknown key everpool.pools.b.retry.x (String: 2)"
    };

    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root, "a"))).containsExactly(unknown);
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(root)))
        .contains(unknown)
        .hasSize(4)
        .contains(
            "everpool.pools.c.max-size is \"many\"; it must be a whole number, such as 20"
                + " (String: 3)");
  }

  /** Another process may have the variable that holds its URL. */
  @Test
  void aPoolThatNobodyLoadsNeedsNoUrl() {
    Config root =
        Hocon.lines(
            "everpool { url = \"jdbc:x\", pools { a { url = null }, b { min-size = 1 } } }");
    assertThat(EverpoolConfig.from(root).url()).isEqualTo("jdbc:x");
  }

  @Test
  void poolsMustBeABlockOfBlocks() {
    assertThat(Hocon.problems("pools = 7"))
        .containsExactly("everpool.pools is a number; it must be a block { ... } (String: 3)");
    assertThat(Hocon.problems("pools { a = 7 }"))
        .containsExactly("everpool.pools.a is a number; it must be a block { ... } (String: 3)");
    assertThat(Hocon.pool("pools = null").url()).isEqualTo(Hocon.URL);
  }
}
