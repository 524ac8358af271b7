import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Writes a class per JDBC interface whose methods all refuse, so that the stub driver need only
 * write down what it can. Its own classes, and not proxies, because the stub lies on the path that
 * is measured.
 *
 * <p>Usage: {@code java AbsentSources.java <output directory>}
 */
public final class AbsentSources {

  private static final String PACKAGE = "io.everpool.benchmarks.stub";

  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0], PACKAGE.split("\\."));
    Files.createDirectories(folder);
    for (Class<?> face : List.of(Connection.class, PreparedStatement.class)) {
      String name = "Absent" + face.getSimpleName();
      Path file = folder.resolve(name + ".java");
      String source = source(name, face);
      // an unchanged file keeps its time, so that nothing is compiled anew
      if (!Files.exists(file) || !Files.readString(file).equals(source)) {
        Files.writeString(file, source);
      }
    }
  }

  private static String source(String name, Class<?> face) {
    return "package "
        + PACKAGE
        + ";\n\n/** Refuses everything. */\n@SuppressWarnings(\"deprecation\")\n@org.jspecify.annotations.NullUnmarked\nabstract class "
        + name
        + " implements "
        + face.getName()
        + " {\n"
        + Arrays.stream(face.getMethods())
            .filter(method -> Modifier.isAbstract(method.getModifiers()))
            .sorted(Comparator.comparing(Method::toGenericString))
            .map(AbsentSources::refusal)
            .collect(joining())
        + "}\n";
  }

  private static String refusal(Method method) {
    Type[] types = method.getGenericParameterTypes();
    List<Class<?>> failures = List.of(method.getExceptionTypes());
    String refused =
        failures.contains(SQLException.class)
            ? "java.sql.SQLFeatureNotSupportedException"
            : "UnsupportedOperationException";
    return "\n  @Override\n"
        + (method.isAnnotationPresent(Deprecated.class) ? "  @Deprecated\n" : "")
        + "  public "
        + typeParameters(method)
        + method.getGenericReturnType().getTypeName()
        + " "
        + method.getName()
        + IntStream.range(0, types.length)
            .mapToObj(i -> types[i].getTypeName() + " p" + i)
            .collect(joining(", ", "(", ")"))
        + (failures.isEmpty()
            ? ""
            : failures.stream().map(Class::getName).collect(joining(", ", " throws ", "")))
        + " {\n    throw new "
        + refused
        + "(\""
        + method.getName()
        + "\");\n  }\n";
  }

  private static String typeParameters(Method method) {
    return method.getTypeParameters().length == 0
        ? ""
        : Arrays.stream(method.getTypeParameters())
            .map(Type::getTypeName)
            .collect(joining(", ", "<", "> "));
  }
}
