package io.everpool.jmx;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.everpool.api.LeakStackTraces;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.lang.management.ManagementFactory;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanOperationInfo;
import javax.management.MBeanServer;
import javax.management.MBeanServerConnection;
import javax.management.MBeanServerFactory;
import javax.management.ObjectName;
import javax.management.RuntimeMBeanException;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.OpenType;
import javax.management.openmbean.TabularData;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Seen as a console sees it: names, attributes and operations, and no class of Everpool's. */
class JmxPoolsTest {
  private final MBeanServerConnection console = ManagementFactory.getPlatformMBeanServer();

  private static PoolConfig.Builder config(String name) {
    return PoolConfig.builder("jdbc:h2:mem:jmx-" + name)
        .name(name)
        .user("app")
        .password("hunter2")
        .minSize(1)
        .maxSize(4);
  }

  private static Pool open(PoolConfig config) throws SQLException {
    return Everpool.builder(config).listener(JmxPools.onPlatform()).open();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPoolThatIsClosedAsItOpensLeavesNoBean(boolean byAnotherThread) throws Exception {
    for (int i = 0; i < 2; i++) {
      Pool pool =
          Everpool.builder(config("brief").build())
              .listener(closer(byAnotherThread))
              .listener(JmxPools.onPlatform())
              .open();
      assertThat(pool.isClosed()).isTrue();
      assertThat(registered()).noneMatch(bean -> bean.contains("brief"));
    }
  }

  /** Before the others hear that it has opened; on the thread that opens it or on its own. */
  private static PoolListener closer(boolean onAThreadOfItsOwn) {
    return event -> {
      if (event instanceof PoolEvent.PoolOpened opened) {
        if (onAThreadOfItsOwn) {
          CompletableFuture.runAsync(opened.self()::close).join();
        } else {
          opened.self().close();
        }
      }
    };
  }

  private static ObjectName name(String text) throws JMException {
    return new ObjectName(text);
  }

  private static ObjectName named(String pool) throws JMException {
    return name("io.everpool:type=Pool,name=\"" + pool + "\"");
  }

  private Set<String> registered() throws JMException, IOException {
    return console.queryNames(name("io.everpool:*"), null).stream()
        .map(ObjectName::toString)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private <T> T get(ObjectName pool, String attribute, Class<T> type)
      throws JMException, IOException {
    return type.cast(requireNonNull(console.getAttribute(pool, attribute), attribute));
  }

  private int count(ObjectName pool, String attribute) throws JMException, IOException {
    return get(pool, attribute, Integer.class);
  }

  private @Nullable Object invoke(ObjectName pool, String operation, int... arguments)
      throws JMException, IOException {
    String[] types = new String[arguments.length];
    Arrays.fill(types, "int");
    return console.invoke(
        pool, operation, Arrays.stream(arguments).boxed().toArray(Object[]::new), types);
  }

  private static void await(Callable<Boolean> fact) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          while (!fact.call()) {
            LockSupport.parkNanos(1_000_000);
          }
        });
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    assertThat(registered()).isEmpty();
  }

  @Test
  void aPoolIsThereWhileItIsOpen() throws Exception {
    try (Pool pool = open(config("shop").build())) {
      assertThat(registered()).containsExactly("io.everpool:type=Pool,name=\"shop\"");
      ObjectName shop = named("shop");
      assertThat(get(shop, "Name", String.class)).isEqualTo("shop");
      assertThat(get(shop, "State", String.class)).isEqualTo("OPEN");
      assertThat(get(shop, "Asleep", Boolean.class)).isFalse();
      assertThat(get(shop, "Down", Boolean.class)).isFalse();
      assertThat(count(shop, "MinSize")).isEqualTo(1);
      assertThat(count(shop, "MaxSize")).isEqualTo(4);
      try (Connection connection = pool.getConnection()) {
        assertThat(connection.isClosed()).isFalse();
        assertThat(count(shop, "Leased")).isEqualTo(1);
        assertThat(count(shop, "Total")).isPositive();
        assertThat(get(shop, "Holders", CompositeData[].class))
            .singleElement()
            .satisfies(
                holder -> {
                  assertThat(holder.get("connection")).isEqualTo(1L);
                  assertThat(holder.get("thread").toString())
                      .contains(Thread.currentThread().getName());
                  assertThat((Long) holder.get("heldMillis")).isNotNegative();
                });
      }
      assertThat(count(shop, "Leased")).isZero();
      assertThat(get(shop, "Opened", Long.class)).isPositive();
      assertThat(console.getAttribute(shop, "LastConnectError")).isNull();
    }
  }

  @Test
  void aHolderIsToldWithSinceWhenAndFromWhere() throws Exception {
    ObjectName shop = named("shop");
    PoolConfig traced = config("shop").leakStackTraces(LeakStackTraces.ALWAYS).build();
    Instant before = Instant.now();
    try (Pool pool = open(traced);
        Connection connection = pool.getConnection()) {
      assertThat(connection.isClosed()).isFalse();
      CompositeData holder = get(shop, "Holders", CompositeData[].class)[0];
      assertThat(Instant.parse(holder.get("heldSince").toString()))
          .isBetween(before.minusSeconds(1), Instant.now()); // the pool's clock ticks
      assertThat((String[]) holder.get("acquiredAt"))
          .anyMatch(frame -> frame.contains("JmxPoolsTest.aHolderIsToldWithSinceWhenAndFromWhere"));
      assertThat(holder.get("waiting")).isEqualTo(false);
    }
    try (Pool pool = open(config("shop").leakStackTraces(LeakStackTraces.NEVER).build());
        Connection connection = pool.getConnection()) {
      assertThat(connection.isClosed()).isFalse();
      CompositeData holder = get(shop, "Holders", CompositeData[].class)[0];
      assertThat((String[]) holder.get("acquiredAt")).isEmpty();
    }
  }

  /** And is open while it drains, when an operator would most like to see it. */
  @Test
  void whoClosesOneOfTwoLosesSightOfTheOtherNot() throws Exception {
    JmxPools both = JmxPools.onPlatform();
    try (Pool first = Everpool.builder(config("first").build()).listener(both).open()) {
      Everpool.builder(config("second").build()).listener(both).open().close();
      assertThat(first.isClosed()).isFalse();
      assertThat(registered()).containsExactly(named("first").toString());
    }
  }

  @Test
  void twoPoolsOfOneNameAreTwo() throws Exception {
    JmxPools both = JmxPools.onPlatform();
    String second = "io.everpool:type=Pool,name=\"shop\",instance=2";
    Pool first = Everpool.builder(config("shop").build()).listener(both).open();
    try (Pool twin = Everpool.builder(config("shop").maxSize(7).build()).listener(both).open()) {
      assertThat(registered()).containsExactly(named("shop").toString(), second);
      assertThat(count(named("shop"), "MaxSize")).isEqualTo(4);
      assertThat(count(name(second), "MaxSize")).isEqualTo(7);

      first.close();
      assertThat(twin.isClosed()).isFalse();
      assertThat(registered()).containsExactly(second);
    }
  }

  /** As two web applications in one server. */
  @Test
  void twoApplicationsWithAnEverpoolEachDoNotClash() throws Exception {
    String second = "io.everpool:type=Pool,name=\"shop\",instance=2";
    try (Pool pool = open(config("shop").build());
        URLClassLoader loader =
            new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader())) {
      Class<?> theirs = loader.loadClass(OtherApplication.class.getName());
      assertThat(theirs).isNotSameAs(OtherApplication.class);
      AutoCloseable other =
          (AutoCloseable) theirs.getMethod("open", String.class).invoke(null, "shop");
      assertThat(registered()).containsExactly(named("shop").toString(), second);
      assertThat(count(name(second), "MaxSize")).isEqualTo(20);
      requireNonNull(other).close();
      assertThat(pool.isClosed()).isFalse();
      assertThat(registered()).containsExactly(named("shop").toString());
    }
  }

  private static URL[] classPath() throws MalformedURLException {
    List<URL> entries = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      entries.add(Path.of(entry).toUri().toURL());
    }
    return entries.toArray(URL[]::new);
  }

  /** What a console needs no jar of ours for: it reads every value back without our classes. */
  @Test
  void everyTypeIsAnOpenOne() throws Exception {
    try (Pool pool = open(config("open").build());
        Connection connection = pool.getConnection()) {
      assertThat(connection.isClosed()).isFalse();
      ObjectName bean = named("open");
      MBeanInfo info = console.getMBeanInfo(bean);
      assertThat(info.getAttributes()).hasSize(22);
      for (MBeanAttributeInfo attribute : info.getAttributes()) {
        assertThat(attribute.isWritable()).isFalse();
        assertThat(attribute.getDescriptor().getFieldValue("openType"))
            .as(attribute.getName())
            .isInstanceOf(OpenType.class);
        Object value = console.getAttribute(bean, attribute.getName());
        assertThat(elsewhere(value)).as(attribute.getName()).hasSameClassAs(orText(value));
      }
      assertThat(Arrays.stream(info.getOperations()).map(MBeanOperationInfo::getName))
          .containsExactlyInAnyOrder(
              "resize", "suspend", "resume", "evictIdle", "replaceAll", "dump", "advise");
      assertThat(elsewhere(invoke(bean, "dump"))).isInstanceOf(String.class);
    }
  }

  private static Object orText(@Nullable Object value) {
    return value == null ? "null" : value;
  }

  /** Written here, and read where there is nothing but Java. */
  private static Object elsewhere(@Nullable Object value)
      throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())) {
          @Override
          protected Class<?> resolveClass(ObjectStreamClass described)
              throws IOException, ClassNotFoundException {
            try {
              return Class.forName(
                  described.getName(), false, ClassLoader.getPlatformClassLoader());
            } catch (ClassNotFoundException primitive) {
              return super.resolveClass(described);
            }
          }
        }) {
      return orText(in.readObject());
    }
  }

  @Test
  void everySettingIsThereAndNoSecret() throws Exception {
    PoolConfig secretive =
        config("secret")
            .url("jdbc:h2:mem:jmx-secret;DB_CLOSE_DELAY=0")
            .connectionInitSql("set @word = 'hunter2'")
            .build();
    try (Pool pool = open(secretive);
        Connection connection = pool.getConnection()) {
      assertThat(connection.isClosed()).isFalse();
      ObjectName bean = named("secret");
      TabularData settings = get(bean, "Settings", TabularData.class);
      assertThat(settings.size()).isEqualTo(PoolConfig.settings().size());
      for (Setting<?> setting : PoolConfig.settings()) {
        assertThat(settings.containsKey(new Object[] {setting.key()})).as(setting.key()).isTrue();
      }
      assertThat(settings.get(new Object[] {"max-size"}).get("value")).isEqualTo("4");

      StringBuilder all = new StringBuilder(String.valueOf(invoke(bean, "dump")));
      for (MBeanAttributeInfo attribute : console.getMBeanInfo(bean).getAttributes()) {
        Object value = console.getAttribute(bean, attribute.getName());
        all.append(value instanceof Object[] many ? Arrays.deepToString(many) : value);
      }
      assertThat(pool.config().password()).isEqualTo("hunter2");
      assertThat(all.toString()).contains("jmx-secret").doesNotContain("hunter2");
    }
  }

  @Test
  void anOperatorMakesThePoolSmallerAndLargeAgain() throws Exception {
    try (Pool pool = open(config("sizes").minSize(3).build())) {
      ObjectName bean = named("sizes");
      await(() -> count(bean, "Idle") == 3);

      invoke(bean, "resize", 0, 1);
      await(() -> count(bean, "Total") == 1 && count(bean, "MaxSize") == 1);
      await(() -> get(bean, "Closed", TabularData.class).containsKey(new Object[] {"evicted"}));
      try (Connection only = pool.getConnection()) {
        assertThat(only.isClosed()).isFalse();
        assertThatThrownBy(() -> pool.getConnection(Duration.ZERO))
            .isInstanceOf(SQLException.class)
            .hasMessageContaining("1 of 1 connections");
      }

      invoke(bean, "resize", 2, 4);
      await(() -> count(bean, "Idle") == 2 && count(bean, "MinSize") == 2);
    }
  }

  @Test
  void anOperatorSuspendsThePoolAndResumesIt() throws Exception {
    try (Pool pool = open(config("suspended").build())) {
      ObjectName bean = named("suspended");
      invoke(bean, "suspend");
      await(() -> get(bean, "Suspended", Boolean.class) && count(bean, "Total") == 0);
      assertThatThrownBy(() -> pool.getConnection(Duration.ofMillis(50)))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("suspended");
      assertThat(get(bean, "State", String.class)).isEqualTo("OPEN");

      invoke(bean, "resume");
      pool.getConnection().close();
      assertThat(get(bean, "Suspended", Boolean.class)).isFalse();
    }
  }

  /** In Java the pool is one, and its operations are for all. */
  @Test
  void withReadersEachPoolHasABeanOfItsOwn() throws Exception {
    PoolConfig config =
        config("one")
            .readers(List.of("jdbc:h2:mem:jmx-two"))
            .maxReplicaLag(Duration.ZERO) // of which H2 knows nothing
            .build();
    try (Pool pool = open(config)) {
      ObjectName writer = named("one");
      ObjectName reader = named("one-reader-1");
      invoke(reader, "resize", 0, 2);
      await(() -> count(reader, "MaxSize") == 2);
      assertThat(count(writer, "MaxSize")).isEqualTo(4);

      invoke(writer, "suspend");
      await(() -> get(writer, "Suspended", Boolean.class));
      assertThat(get(reader, "Suspended", Boolean.class)).isFalse();
      pool.reader().getConnection().close();

      PoolOperations.of(pool).suspend();
      await(() -> get(reader, "Suspended", Boolean.class));
    }
  }

  /** In words, and by an exception that any console can read. */
  @Test
  void sizesThatCannotBeAreRefused() throws Exception {
    try (Pool pool = open(config("sizes").build())) {
      assertThat(pool.isClosed()).isFalse();
      ObjectName bean = named("sizes");
      for (int[] sizes : new int[][] {{3, 2}, {-1, 2}, {0, 0}, {1, 5}}) {
        assertThatThrownBy(() -> invoke(bean, "resize", sizes))
            .isInstanceOf(RuntimeMBeanException.class)
            .cause()
            .isExactlyInstanceOf(IllegalArgumentException.class)
            .hasNoCause()
            .message()
            .containsAnyOf("min-size", "max-size");
      }
      assertThat(count(bean, "MaxSize")).isEqualTo(4);
    }
  }

  /** It would not be done, and whoever asks would think that it was. */
  @Test
  void aPoolThatIsBeingClosedTakesNoOrders() throws Exception {
    Pool pool = open(config("ending").drainTimeout(Duration.ofHours(1)).build());
    CompletableFuture<Void> closed;
    try (Connection held = pool.getConnection()) {
      assertThat(held.isClosed()).isFalse();
      closed = CompletableFuture.runAsync(pool::close);
      await(pool::isClosed);
      ObjectName bean = named("ending");
      for (String order : List.of("suspend", "resume", "evictIdle", "replaceAll", "resize")) {
        int[] arguments = order.equals("resize") ? new int[] {1, 2} : new int[0];
        assertThatThrownBy(() -> invoke(bean, order, arguments))
            .as(order)
            .isInstanceOf(RuntimeMBeanException.class)
            .cause()
            .isExactlyInstanceOf(IllegalStateException.class)
            .hasMessage("Pool ending is being closed, and takes no orders any more");
      }
      assertThat(get(bean, "State", String.class)).isEqualTo("DRAINING");
      assertThat(invoke(bean, "dump")).asString().contains("connection 1");
    }
    closed.get(30, TimeUnit.SECONDS);
  }

  @Test
  void anOperatorHasTheIdleClosedAndAllReplaced() throws Exception {
    try (Pool pool = open(config("flush").minSize(2).build())) {
      ObjectName bean = named("flush");
      await(() -> count(bean, "Idle") == 2);
      try (Connection held = pool.getConnection()) {
        invoke(bean, "evictIdle");
        await(() -> get(bean, "Opened", Long.class) == 3 && count(bean, "Idle") == 1);
        assertThat(held.isValid(1)).isTrue();

        invoke(bean, "replaceAll");
        await(() -> get(bean, "Opened", Long.class) >= 4 && count(bean, "Idle") >= 1);
        assertThat(held.isValid(1)).as("gently").isTrue();
      }
      await(() -> count(bean, "Idle") == 2 && count(bean, "Closing") == 0);
      await(() -> fenced(bean) == 2); // a slot is free before its end counts
    }
  }

  private long fenced(ObjectName bean) throws Exception {
    CompositeData row = get(bean, "Closed", TabularData.class).get(new Object[] {"fenced"});
    return row == null ? 0 : (Long) row.get("value");
  }

  @Test
  void anAdviceSaysHowLargeThePoolShouldBe() throws Exception {
    try (Pool without = open(config("unobserved").build());
        Pool pool = open(config("observed").sizeAdvice(true).build())) {
      assertThat(without.advise()).isEmpty();
      assertThat(invoke(named("unobserved"), "advise"))
          .isEqualTo("No advice without size-advice = true");
      assertThat(invoke(named("observed"), "advise"))
          .isEqualTo("Too few leases for an advice so far");
      for (int i = 0; i < 100; i++) {
        pool.getConnection().close();
      }
      assertThat(invoke(named("observed"), "advise"))
          .isEqualTo(String.valueOf(pool.advise().orElseThrow()))
          .asString()
          .startsWith("max-size = 1 would do, 4 now: of 100 leases in "); // its opening is none
    }
  }

  @Test
  void aDumpSaysWhoHoldsWhatAndWhatHeDoes() throws Exception {
    CountDownLatch has = new CountDownLatch(1);
    CountDownLatch enough = new CountDownLatch(1);
    try (Pool pool = open(config("dump").build())) {
      Thread holder =
          new Thread(
              () -> {
                try (Connection connection = pool.getConnection()) {
                  has.countDown();
                  enough.await();
                  connection.isValid(1);
                } catch (SQLException | InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              },
              "the-holder");
      holder.start();
      has.await();

      await(
          () ->
              String.valueOf(invoke(named("dump"), "dump"))
                  .contains("java.util.concurrent.CountDownLatch.await"));
      assertThat(invoke(named("dump"), "dump"))
          .asString()
          .startsWith("dump OPEN: 1 of 4 connections (1 leased, 0 idle), 0 waiting")
          .containsPattern("connection 1 held for .* by the-holder #\\d+")
          .containsPattern("(?m)^    at .*io\\.everpool\\.jmx\\.JmxPoolsTest");
      enough.countDown();
      holder.join();
    }
  }

  /** Exceptions name twenty of them. */
  @Test
  void aDumpLeavesNoHolderOut() throws Exception {
    int many = 30;
    List<Connection> held = new ArrayList<>();
    try (Pool pool = open(config("dump").maxSize(many).build())) {
      for (int i = 0; i < many; i++) {
        held.add(pool.getConnection());
      }
      assertThat(invoke(named("dump"), "dump"))
          .asString()
          .contains("dump OPEN: 30 of 30 connections (30 leased, 0 idle)")
          .satisfies(
              text -> {
                for (int connection = 1; connection <= many; connection++) {
                  assertThat(text).containsPattern("\n\nconnection " + connection + " held for ");
                }
              });
      for (Connection connection : held) {
        connection.close();
      }
    }
  }

  /** A pool without JMX is better than none. */
  @Test
  void aServerThatRefusesKeepsNoPoolFromOpening() throws Exception {
    MBeanServer server = MBeanServerFactory.newMBeanServer();
    MBeanServer refusing =
        (MBeanServer)
            java.lang.reflect.Proxy.newProxyInstance(
                MBeanServer.class.getClassLoader(),
                new Class<?>[] {MBeanServer.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("registerMBean")) {
                    throw new javax.management.NotCompliantMBeanException("by way of trial");
                  }
                  return method.invoke(server, arguments);
                });
    try (Pool pool =
        Everpool.builder(config("alone").build()).listener(JmxPools.on(refusing)).open()) {
      assertThat(pool.getConnection()).satisfies(Connection::close);
    }
  }

  /** Whoever has swept a server clean is not told that something is missing. */
  @Test
  void whatIsGoneAlreadyIsNotMissed() throws Exception {
    MBeanServer server = MBeanServerFactory.newMBeanServer();
    JmxPools pools = JmxPools.on(server);
    Pool pool = Everpool.builder(config("swept").build()).listener(pools).open();
    assertThat(server.isRegistered(named("swept"))).isTrue();
    server.unregisterMBean(named("swept"));
    pool.close();
    assertThat(pools).hasToString("JmxPools");
    assertThat(server.queryNames(null, null))
        .map(ObjectName::getDomain)
        .doesNotContain("io.everpool");
    assertThat(Stream.of(pool)).allMatch(Pool::isClosed);
  }
}
