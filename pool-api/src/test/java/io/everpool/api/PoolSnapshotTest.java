package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A snapshot tells what was put into it, each fact under its own name. */
class PoolSnapshotTest {
  private static final StackTraceElement FRAME =
      new StackTraceElement("shop.Orders", "list", "Orders.java", 12);
  private static final PoolSnapshot.Holder HOLDER =
      PoolSnapshot.Holder.of(3, "web-1 (17)", Duration.ofMillis(1500), List.of(FRAME));

  static Stream<Method> facts() {
    return Arrays.stream(PoolSnapshot.Builder.class.getMethods())
        .filter(method -> method.getReturnType() == PoolSnapshot.Builder.class);
  }

  private static Object other(Class<?> type) {
    if (type == int.class) {
      return 3;
    }
    if (type == long.class) {
      return 4L;
    }
    if (type == boolean.class) {
      return true;
    }
    if (type == Map.class) {
      return Map.of(CloseReason.FAILED, 5L);
    }
    if (type == List.class) {
      return List.of(HOLDER);
    }
    return type == PoolState.class ? PoolState.CLOSED : "no route";
  }

  /** A fact that is forgotten in the constructor or in equals is found here. */
  @ParameterizedTest
  @MethodSource("facts")
  void everyFactIsToldByItsAccessorAndCounts(Method setter) throws Exception {
    Method accessor = PoolSnapshot.class.getMethod(setter.getName());
    Object value = other(accessor.getReturnType());
    PoolSnapshot.Builder builder = PoolSnapshot.builder("shop");
    setter.invoke(builder, value);
    PoolSnapshot changed = builder.build();
    PoolSnapshot plain = PoolSnapshot.builder("shop").build();

    assertThat(accessor.invoke(changed)).isEqualTo(value);
    @Nullable Object before = accessor.invoke(plain);
    assertThat(before).isNotEqualTo(value);
    assertThat(changed).isNotEqualTo(plain).isEqualTo(builder.build());
    assertThat(changed).hasSameHashCodeAs(builder.build());
    for (Method fact : facts().filter(fact -> !fact.equals(setter)).toList()) {
      Method same = PoolSnapshot.class.getMethod(fact.getName());
      assertThat(same.invoke(changed)).as(fact.getName()).isEqualTo(same.invoke(plain));
    }
  }

  @Test
  void theExplanationNamesTheHoldersAndTheLastError() {
    PoolSnapshot snapshot =
        PoolSnapshot.builder("shop")
            .maxSize(5)
            .leased(1)
            .idle(1)
            .connecting(2)
            .waiting(4)
            .holders(List.of(HOLDER))
            .lastConnectError("no route")
            .closed(Map.of(CloseReason.FAILED, 2L, CloseReason.FENCED, 3L))
            .build();

    assertThat(snapshot.total()).isEqualTo(2);
    assertThat(snapshot.closedTotal()).isEqualTo(5);
    assertThat(snapshot.explain())
        .isEqualTo(
            """
            shop OPEN last-connect-failed: 2 of 5 connections (1 leased, 1 idle, 2 connecting), 4 waiting
              connection 3 held for 1500ms by web-1 (17), now at shop.Orders.list(Orders.java:12)
              last connect error: no route""");
  }

  private static PoolSnapshot.Holder holder(int connection, int millis) {
    StackTraceElement[] deep = new StackTraceElement[64];
    Arrays.fill(deep, new StackTraceElement("shop.orders.Orders", "list", "Orders.java", 12));
    return PoolSnapshot.Holder.of(
            connection, "web-" + connection + " #17", Duration.ofMillis(millis), List.of(deep))
        .acquiredAt(List.of(deep))
        .waiting(true);
  }

  private static PoolSnapshot heldBy(int many) {
    return PoolSnapshot.builder("shop")
        .maxSize(many)
        .leased(many)
        .holders(IntStream.range(0, many).mapToObj(i -> holder(i, 10 * i + 1)).toList())
        .lastConnectError("no route")
        .build();
  }

  /** Ten thousand callers may be told so at once. */
  @Test
  void ofManyHoldersTheExplanationNamesThoseOfTheLongest() {
    List<String> lines = heldBy(1_000).explain().lines().toList();
    assertThat(lines).hasSize(1 + 20 + 2);
    assertThat(lines.get(1)).startsWith("  connection 999 held for 9991ms by web-999 #17");
    assertThat(lines.get(20)).startsWith("  connection 980 held for 9801ms by web-980 #17");
    assertThat(lines.get(21)).isEqualTo("  and 980 more, for no longer");
    assertThat(lines.get(22)).isEqualTo("  last connect error: no route");
    assertThat(heldBy(1_000).explain()).hasSizeLessThan(16_000);
    assertThat(heldBy(1_000).holders()).hasSize(1_000);
  }

  @Test
  void ofTwentyAllAreNamedInTheirOrder() {
    List<String> lines = heldBy(20).explain().lines().toList();
    assertThat(lines).hasSize(1 + 20 + 1);
    assertThat(lines.get(1)).startsWith("  connection 0 held for 1ms");
    assertThat(heldBy(21).explain()).contains("\n  and 1 more, for no longer");
  }

  private static StackTraceElement frame(String type, String method) {
    return new StackTraceElement(type, method, type.substring(type.lastIndexOf('.') + 1), 7);
  }

  private static PoolSnapshot.Holder at(StackTraceElement... where) {
    return PoolSnapshot.Holder.of(1, "web-1 #17", Duration.ofSeconds(2), List.of(where));
  }

  /** Whoever reads it knows his own code, and neither the JDK's nor the driver's. */
  @Test
  void aHolderIsShownInTheFramesOfTheProgram() {
    StackTraceElement read = frame("sun.nio.ch.Net", "poll");
    StackTraceElement driver = frame("org.example.Driver", "receive");
    StackTraceElement face = frame("io.everpool.core.jdbc.PooledStatement", "execute");
    StackTraceElement unit = frame("io.everpool.core.work.UnitRunner", "run");

    assertThat(at(read, driver, face, FRAME).toString())
        .isEqualTo(
            "connection 1 held for 2s by web-1 #17, now at"
                + " io.everpool.core.jdbc.PooledStatement.execute, called from"
                + " shop.Orders.list(Orders.java:12)");
    assertThat(at(frame("java.lang.Thread", "sleep"), FRAME, unit).toString())
        .as("it does something else, within a unit of work")
        .endsWith(", now at java.lang.Thread.sleep, called from shop.Orders.list(Orders.java:12)");
    assertThat(at(read).toString()).endsWith(", now at sun.nio.ch.Net.poll(Net:7)");
    assertThat(at().toString()).isEqualTo("connection 1 held for 2s by web-1 #17");
  }

  @Test
  void whereAHolderHasAcquiredAndWaitsIsShownWithTheWayThere() {
    StackTraceElement park = frame("jdk.internal.misc.Unsafe", "park");
    StackTraceElement parking = frame("io.everpool.core.jdbc.Parking", "await");
    StackTraceElement pool = frame("io.everpool.core.EverpoolPool", "getConnection");
    PoolSnapshot.Holder holder =
        at(park, parking, pool, FRAME, frame("shop.Shop", "open"))
            .waiting(true)
            .acquiredAt(List.of(parking, pool, frame("shop.Shop", "begin")));

    assertThat(holder)
        .hasToString(
            "connection 1 held for 2s by web-1 #17, which waits for another connection at"
                + " shop.Orders.list(Orders.java:12) < shop.Shop.open(Shop:7), acquired at"
                + " shop.Shop.begin(Shop:7)");
    assertThat(holder.waiting()).isTrue();
    assertThat(holder.acquiredAt()).hasSize(3);
    assertThat(holder).isNotEqualTo(holder.waiting(false));
    assertThat(holder).isNotEqualTo(holder.acquiredAt(List.of()));
    assertThat(at().waiting(true))
        .hasToString("connection 1 held for 2s by web-1 #17, which waits for another connection");
  }
}
