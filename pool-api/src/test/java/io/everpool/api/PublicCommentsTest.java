package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What users can name has a doc comment, in every module that is published: doclint isn't asked for
 * what is missing, because it would have each parameter and each result described as well. The test
 * is in this module because it is built first: so it fails before any other module is compiled.
 */
class PublicCommentsTest {
  private static final Path ROOT = Path.of("..");

  /** Whatever has a jar of Javadoc. */
  private static List<Path> published() throws IOException {
    try (Stream<Path> folders = Files.list(ROOT)) {
      return folders
          .filter(folder -> Files.isDirectory(folder.resolve("src/main/java")))
          .filter(PublicCommentsTest::hasJavadoc)
          .sorted()
          .toList();
    }
  }

  private static boolean hasJavadoc(Path module) {
    try {
      return Files.readString(module.resolve("pom.xml")).contains("maven-javadoc-plugin");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void allThatUsersCanNameHasAComment() throws Exception {
    List<Path> modules = published();
    assertThat(modules).extracting(module -> module.getFileName().toString()).contains("pool-api");
    List<String> without = new ArrayList<>();
    for (Path module : modules) {
      Map<String, String> comments = DocComments.in(module.resolve("src/main/java"));
      assertThat(comments).as("of %s", module).isNotEmpty();
      withoutComment(comments).forEach(name -> without.add(name + " of " + module.getFileName()));
    }
    assertThat(without).as("public or protected, and without a doc comment").isEmpty();
  }

  private static List<String> withoutComment(Map<String, String> comments) {
    return comments.keySet().stream().filter(name -> comments.get(name).isEmpty()).toList();
  }

  /** Of each kind of thing that can be named one without a comment, and all that needs none. */
  @Test
  void whateverCanBeNamedIsLookedFor(@TempDir Path sources) throws Exception {
    write(sources.resolve("module-info.java"), "module m { exports p; exports q to n; }");
    write(sources.resolve("q/ToAFriend.java"), "package q; public class ToAFriend {}");
    write(sources.resolve("r/Kept.java"), "package r; public class Kept {}");
    write(
        sources.resolve("p/Open.java"),
        """
        package p;
        public class Open {
          public Open() {}
          /** Described. */ public void described() {}
          public void plain() {}
          public void plain(int times, String text) {}
          protected int field;
          int ours;
          private void own() {}
          @Override public String toString() { class Local { public int x; } return ""; }
          public enum Level { HIGH, /** Described. */ LOW; public void up() {} Level() {} }
          public interface Face { int SIZE = 1; void show(); private void own() {}
            class Within {} }
          public @interface Mark { String value(); }
          public record Pair(int one, int two) { public Pair {} public int sum() { return 0; } }
          protected static class Base { protected Base() {} }
          static class Hidden { public void seen() {} }
        }
        class Beside { public void seen() {} }
        """);
    assertThat(withoutComment(DocComments.in(sources)))
        .containsExactlyInAnyOrder(
            "module m",
            "p",
            "p.Open",
            "p.Open.Open",
            "p.Open.plain",
            "p.Open.plain(int, String)",
            "p.Open.field",
            "p.Open.Level",
            "p.Open.Level.HIGH",
            "p.Open.Level.up",
            "p.Open.Face",
            "p.Open.Face.SIZE",
            "p.Open.Face.show",
            "p.Open.Face.Within",
            "p.Open.Mark",
            "p.Open.Mark.value",
            "p.Open.Pair",
            "p.Open.Pair.sum",
            "p.Open.Base",
            "p.Open.Base.Base");
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
