package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.sql.DataSource;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.aot.generate.ClassNameGenerator;
import org.springframework.aot.generate.DefaultGenerationContext;
import org.springframework.aot.generate.FileSystemGeneratedFiles;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.javapoet.ClassName;

/** What Spring writes at the build of an application, and whether it opens the pools. */
@Timeout(180)
class AheadOfTimeTest {

  @Test
  void poolsAreOpenedByWhatWasWrittenAtTheBuild(@TempDir Path folder) throws Exception {
    String initializer = write(folder);
    compile(folder);

    assertThat(run(folder, initializer)).contains("Opened main and reports.");
  }

  private static void setProperties(GenericApplicationContext context) {
    context
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "shop.properties",
                Map.of(
                    "spring.datasource.url", Boot.h2("main"),
                    "everpool.pools.reports.url", Boot.h2("reports"))));
  }

  /** As {@code process-aot} of Spring Boot's plugin does. */
  private static String write(Path folder) {
    try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
      setProperties(context);
      context.register(
          EverpoolAutoConfiguration.class, PoolsAutoConfiguration.class, Boot.DATA_SOURCE);
      DefaultGenerationContext generation =
          new DefaultGenerationContext(
              new ClassNameGenerator(ClassName.get(AheadOfTimeTest.class)),
              new FileSystemGeneratedFiles(folder));
      ClassName initializer =
          new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
      generation.writeGeneratedContent();
      return initializer.reflectionName();
    }
  }

  private static String classPath(Path folder) {
    return folder.resolve("classes") + File.pathSeparator + System.getProperty("java.class.path");
  }

  private static void compile(Path folder) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "-proc:none",
                "-nowarn",
                "-cp",
                classPath(folder),
                "-d",
                folder.resolve("classes").toString()));
    Files.createDirectories(folder.resolve("classes"));
    try (Stream<Path> files = Files.walk(folder.resolve("sources"))) {
      files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(arguments::add);
    }
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(null, said, said, arguments.toArray(String[]::new));
    assertThat(code).as(said.toString(StandardCharsets.UTF_8)).isZero();
  }

  /** In a JVM of its own, for the classes belong to packages that this one has loaded. */
  private static String run(Path folder, String initializer) throws Exception {
    Path said = folder.resolve("said");
    Process application =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath(folder),
                Application.class.getName(),
                initializer)
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    try {
      assertThat(application.waitFor(120, TimeUnit.SECONDS)).as("the end of the JVM").isTrue();
    } finally {
      application.destroyForcibly();
    }
    String text = Files.readString(said);
    assertThat(application.exitValue()).as(text).isZero();
    return text;
  }

  /** Knows its beans by what was written alone. */
  static final class Application {

    private Application() {}

    @SuppressWarnings("unchecked")
    public static void main(String[] arguments) throws Exception {
      ApplicationContextInitializer<GenericApplicationContext> initializer =
          (ApplicationContextInitializer<GenericApplicationContext>)
              Class.forName(arguments[0]).getDeclaredConstructor().newInstance();
      try (GenericApplicationContext context = new GenericApplicationContext()) {
        setProperties(context);
        initializer.initialize(context);
        context.refresh();
        open(context.getBean(DataSource.class), "main"); // which is meant where no name is said
        open(context.getBean("reports", Pool.class), "reports");
        System.out.println("Opened main and reports.");
      }
    }

    private static void open(DataSource pool, String database) throws Exception {
      try (Connection connection = pool.getConnection()) {
        String url = connection.getMetaData().getURL();
        if (!url.endsWith(":" + database)) {
          throw new IllegalStateException("It leads to " + url);
        }
      }
    }
  }
}
