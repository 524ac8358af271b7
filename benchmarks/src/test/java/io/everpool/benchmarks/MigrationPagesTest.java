package io.everpool.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import io.agroal.api.configuration.supplier.AgroalConnectionFactoryConfigurationSupplier;
import io.agroal.api.configuration.supplier.AgroalConnectionPoolConfigurationSupplier;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.tomcat.jdbc.pool.PoolProperties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The pages for those who come from another pool name every setting which that pool has, and none
 * that either pool doesn't have: whoever brings in a newer version finds out what to add.
 */
class MigrationPagesTest {
  private static final Path DOCS = Path.of(System.getProperty("basedir", "."), "..", "docs");
  private static final Pattern NAME = Pattern.compile("`([^`]+)`");

  /** A row of a page's table. */
  private record Row(Set<String> theirs, String theirDefault, Set<String> ours) {}

  @Test
  void hikariCpIsAllThere() throws Exception {
    assertThat(theirs("from-hikaricp.md")).isEqualTo(setters(HikariConfig.class));
    assertDefaults("from-hikaricp.md", new HikariConfig());
  }

  @Test
  void dbcp2IsAllThere() throws Exception {
    assertThat(theirs("from-dbcp2.md")).isEqualTo(setters(BasicDataSource.class));
    try (BasicDataSource fresh = new BasicDataSource()) {
      assertDefaults("from-dbcp2.md", fresh);
    }
  }

  @Test
  void tomcatIsAllThere() throws Exception {
    assertThat(theirs("from-tomcat.md")).isEqualTo(setters(PoolProperties.class));
    assertDefaults("from-tomcat.md", new PoolProperties());
  }

  @Test
  void agroalIsAllThere() throws Exception {
    Set<String> all = new TreeSet<>();
    for (Class<?> supplier :
        List.of(
            AgroalDataSourceConfigurationSupplier.class,
            AgroalConnectionPoolConfigurationSupplier.class,
            AgroalConnectionFactoryConfigurationSupplier.class)) {
      methods(supplier)
          .filter(method -> method.getReturnType() == supplier)
          .forEach(method -> all.add(method.getName()));
    }
    assertThat(theirs("from-agroal.md")).isEqualTo(all);
  }

  @ParameterizedTest
  @CsvSource({"from-hikaricp.md", "from-dbcp2.md", "from-tomcat.md", "from-agroal.md"})
  void everySettingOfOursIsOne(String page) throws IOException {
    Set<String> known =
        PoolConfig.settings().stream()
            .flatMap(setting -> Stream.concat(Stream.of(setting), setting.parts().stream()))
            .map(Setting::key)
            .collect(Collectors.toSet());
    Set<String> named = new TreeSet<>();
    rows(page).forEach(row -> named.addAll(row.ours()));
    assertThat(named).isNotEmpty().isSubsetOf(known);
  }

  private static Set<String> theirs(String page) throws IOException {
    Set<String> names = new TreeSet<>();
    for (Row row : rows(page)) {
      names.addAll(row.theirs());
    }
    return names;
  }

  private static List<Row> rows(String page) throws IOException {
    List<Row> rows = new ArrayList<>();
    for (String line : Files.readAllLines(DOCS.resolve(page))) {
      if (line.startsWith("| `")) {
        String[] cells = line.split("\\|", -1);
        rows.add(new Row(names(cells[1]), cells[2].replace("`", "").strip(), names(cells[3])));
      }
    }
    return rows;
  }

  private static Set<String> names(String cell) {
    return NAME.matcher(cell)
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Stream<Method> methods(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .filter(method -> !Modifier.isStatic(method.getModifiers()));
  }

  private static Set<String> setters(Class<?> type) {
    return methods(type)
        .filter(method -> method.getParameterCount() == 1 && method.getName().startsWith("set"))
        .map(method -> method.getName().substring("set".length()))
        .map(name -> name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Where a page says a default it is what a fresh configuration answers. */
  private static void assertDefaults(String page, Object fresh) throws Exception {
    int said = 0;
    for (Row row : rows(page)) {
      if (!row.theirDefault().isEmpty()) {
        String name = row.theirs().iterator().next();
        String end = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
        Method getter =
            methods(fresh.getClass())
                .filter(method -> method.getParameterCount() == 0)
                .filter(method -> Set.of("get" + end, "is" + end).contains(method.getName()))
                .findFirst()
                .orElseThrow();
        assertThat(row.theirDefault())
            .as("%s: %s", page, name)
            .isEqualTo(String.valueOf(getter.invoke(fresh)));
        said++;
      }
    }
    assertThat(said).isGreaterThan(10);
  }
}
