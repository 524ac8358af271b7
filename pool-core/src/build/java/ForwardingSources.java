import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.RoundEnvironment;
import javax.annotation.processing.SupportedAnnotationTypes;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/**
 * Writes one abstract forwarding class per JDBC interface, as the interface stands in the Java
 * release given, whatever JDK runs the build. What a later release adds are default methods; they
 * are inherited and go through the methods that are forwarded.
 *
 * <p>Six rules make the classes; the meaning is written by hand in what extends them:
 *
 * <ul>
 *   <li>a failure passes through {@code failed(e)}, that of a call that sends a statement or waits
 *       for its answer through {@code failed(e, session)}, and what no driver should throw is
 *       reported to {@code broken(e)};
 *   <li>a result that leads back to the connection passes through {@code wrap(x)};
 *   <li>a result that may use the connection later (a large object, an array, a stream) passes
 *       through {@code LeasedObjects.of(home(), x)}, and such an argument through {@code
 *       LeasedObject.bare(x)};
 *   <li>SQL that is about to be sent is announced: {@code executing(sql)}, {@code executing()} for
 *       what was prepared or batched and for what writes by itself (a row of an updatable result
 *       set, a large object), {@code preparing(sql)} for what will be sent later;
 *   <li>what is no statement of the program's, but lets a driver ask the server something or write
 *       to it, begins the transaction: {@code beginning()}, {@code usingLargeObject()}, {@code
 *       describing()}, or {@code binding(value)} for what may be one of the last two; {@code
 *       described()} ends what was begun for the question alone;
 *   <li>what can be used but once is told, and so is its use: {@code giving(value)} for what is or
 *       may be a stream, {@code adding()} for a row of a batch, {@code dropping(kind)} where it is
 *       forgotten; {@code executingBatch()} and {@code executing()} use it. Of result sets {@code
 *       reading()} uses rows, {@code placing()} goes to one by its place, {@code advancing()}
 *       leaves one for the next, and {@code present(x)} is one that was there.
 * </ul>
 *
 * <p>Usage: {@code java ForwardingSources.java <output directory> <release>}. Files that would not
 * change are left alone, so that nothing is compiled for nothing.
 */
public final class ForwardingSources {

  private static final String PACKAGE = "io.everpool.core.jdbc";

  /** On which something is sent; null if the connection is closed. */
  private static final String SESSION = "@org.jspecify.annotations.Nullable Session";

  /** Left out: each face closes and unwraps in its own way, and leads back to faces. */
  private static final Set<String> BY_HAND =
      Set.of(
          "abort(java.util.concurrent.Executor)",
          "beginRequest()",
          "cancel()",
          "close()",
          "closeOnCompletion()",
          "endRequest()",
          "getConnection()",
          "getDriverMajorVersion()",
          "getDriverMinorVersion()",
          "getStatement()",
          "isClosed()",
          "isValid(int)",
          "isWrapperFor(java.lang.Class)",
          "setClientInfo(java.lang.String,java.lang.String)",
          "setClientInfo(java.util.Properties)",
          "unwrap(java.lang.Class)");

  /** What a program must never hold bare, lest its failures and its close pass us by. */
  private static final Set<String> WRAPPED =
      Set.of(
          "java.lang.Object", // a cursor comes as a ResultSet from getObject
          "java.sql.Statement",
          "java.sql.PreparedStatement",
          "java.sql.CallableStatement",
          "java.sql.ResultSet",
          "java.sql.DatabaseMetaData");

  /** What may use the connection for as long as the program keeps it. */
  private static final Set<String> LEASED =
      Set.of(
          "java.sql.Array",
          "java.sql.Blob",
          "java.sql.Clob",
          "java.sql.NClob",
          "java.sql.ParameterMetaData",
          "java.sql.Ref",
          "java.sql.ResultSetMetaData",
          "java.sql.SQLXML",
          "java.sql.Struct",
          "java.io.InputStream",
          "java.io.OutputStream",
          "java.io.Reader",
          "java.io.Writer");

  /** As arguments, what may be one of these. */
  private static final Set<String> MAY_BE_LEASED =
      Set.of(
          "java.lang.Object",
          "java.lang.Object[]",
          "java.sql.Array",
          "java.sql.Blob",
          "java.sql.Clob",
          "java.sql.NClob",
          "java.sql.Ref",
          "java.sql.SQLXML");

  /** What sends a write of its own, without a statement. */
  private static final Map<String, Set<String>> WRITES =
      Map.of(
          "ResultSet", Set.of("insertRow", "updateRow", "deleteRow"),
          "Blob", Set.of("setBytes", "setBinaryStream", "truncate"),
          "Clob", Set.of("setString", "setAsciiStream", "setCharacterStream", "truncate"),
          "NClob", Set.of("setString", "setAsciiStream", "setCharacterStream", "truncate"));

  /**
   * What makes a driver ask the server (pgjdbc: for the table behind the columns, and its keys).
   */
  private static final Map<String, Set<String>> BEGINS =
      Map.of(
          "ResultSet", Set.of("moveToInsertRow", "refreshRow", "update*"),
          "ResultSetMetaData", Set.of("getTableName", "isAutoIncrement", "isNullable"));

  /**
   * What makes a driver ask the server what a statement or the name of a type means. A slash goes
   * before the number of parameters, where others of the name ask nothing.
   */
  private static final Map<String, Set<String>> DESCRIBES =
      Map.of(
          "PreparedStatement", Set.of("getMetaData", "getParameterMetaData", "setNull/3"),
          "CallableStatement", Set.of("setNull/3"));

  /** What is given a value of whatever kind. */
  private static final Set<String> BINDS = Set.of("setObject", "setArray");

  /** Which takes a value of whatever kind, a stream as well. */
  private static final Set<String> TAKES_ANY = Set.of("setObject", "updateObject");

  /** What goes on from the present row of a result set, and what goes to a row by its place. */
  private static final Set<String> READS = Set.of("next", "previous", "relative");

  private static final Set<String> PLACES =
      Set.of("absolute", "afterLast", "beforeFirst", "first", "last");

  /** What gives out the results that a statement has, whenever it was executed. */
  private static final Set<String> PRESENT = Set.of("getGeneratedKeys", "getResultSet");

  /** What makes a statement forget what it was given. */
  private static final Map<String, String> DROPS =
      Map.of("clearBatch", "ROWS", "clearParameters", "STREAM");

  /** What uses a large object, which a parameter becomes at once. */
  private static final Map<String, Set<String>> USES_LARGE_OBJECT =
      Map.of(
          "PreparedStatement", Set.of("setBlob", "setClob", "setNClob"),
          "CallableStatement", Set.of("setBlob", "setClob", "setNClob"),
          "Blob", Set.of("*"),
          "Clob", Set.of("*"),
          "NClob", Set.of("*"));

  /**
   * A class to write.
   *
   * @param iface the interface it forwards
   * @param parent the class it extends, which then has the hooks; empty for none
   */
  private record Target(String iface, String parent) {
    String type() {
      return "java.sql." + iface;
    }

    boolean root() {
      return parent.isEmpty();
    }

    /** A value rather than a connection, a statement or a result set: its parent has the hooks. */
    boolean leased() {
      return parent.startsWith("LeasedObject");
    }

    static Target leased(String iface) {
      return new Target(iface, "LeasedObject<java.sql." + iface + ">");
    }
  }

  private static final List<Target> TARGETS =
      List.of(
          new Target("Connection", ""),
          new Target("Statement", "OpenStatement"),
          new Target("PreparedStatement", "ForwardingStatement"),
          new Target("CallableStatement", "ForwardingPreparedStatement"),
          new Target("ResultSet", ""),
          new Target("DatabaseMetaData", ""),
          Target.leased("Array"),
          Target.leased("Blob"),
          Target.leased("Clob"),
          Target.leased("NClob"),
          Target.leased("ParameterMetaData"),
          Target.leased("Ref"),
          Target.leased("ResultSetMetaData"),
          Target.leased("SQLXML"),
          Target.leased("Struct"));

  private ForwardingSources() {}

  public static void main(String[] args) {
    JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
    if (javac == null) {
      throw new IllegalStateException("A JDK is needed to build, not a bare runtime");
    }
    JavaCompiler.CompilationTask task =
        javac.getTask(
            null,
            null,
            null,
            List.of("--release", args[1], "-proc:only"),
            TARGETS.stream().map(Target::type).toList(),
            List.of());
    task.setProcessors(List.of(new Generator(Path.of(args[0]))));
    if (!task.call()) {
      throw new IllegalStateException("The forwarding sources could not be written");
    }
  }

  /** Reads the interfaces as the compiler sees them. */
  @SupportedAnnotationTypes("*")
  private static final class Generator extends AbstractProcessor {
    private final Path directory;

    Generator(Path output) {
      directory = output.resolve(PACKAGE.replace('.', '/'));
    }

    @Override
    public SourceVersion getSupportedSourceVersion() {
      return SourceVersion.latest();
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
      if (!round.processingOver()) {
        TARGETS.forEach(this::write);
      }
      return false;
    }

    private void write(Target target) {
      Path file = directory.resolve("Forwarding" + target.iface() + ".java");
      String source = source(target);
      try {
        Files.createDirectories(directory);
        if (!Files.exists(file) || !Files.readString(file).equals(source)) {
          Files.writeString(file, source);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private String source(Target target) {
      List<Forwarding> methods = methods(target).stream().map(Forwarding::new).toList();
      String parent = target.root() ? "" : "extends " + target.parent() + " ";
      String text =
          """
          package %s;

          /** Forwards to its delegate. Written by ForwardingSources at build time. */
          public abstract class Forwarding%s %simplements %s {

            /** Where calls go. Throws if this one is closed. */
            @Override
            abstract %s delegate() throws java.sql.SQLException;
          """
              .formatted(PACKAGE, target.iface(), parent, target.type(), target.type());
      if (target.root()) {
        text = text.replace("  @Override\n", "") + hooks(methods, target);
      } else if (target.leased()) {
        text =
            """
            package %s;

            /** Forwards to its delegate. Written by ForwardingSources at build time. */
            abstract class Forwarding%s extends %s implements %s {

              Forwarding%s(PooledConnection connection, %s bare) {
                super(connection, bare);
              }
            """
                .formatted(
                    PACKAGE,
                    target.iface(),
                    target.parent(),
                    target.type(),
                    target.iface(),
                    target.type());
      } else {
        text +=
            """

              Forwarding%s(PooledConnection connection) {
                super(connection);
              }
            """
                .formatted(target.iface());
      }
      return text
          + methods.stream().map(m -> m.source(target)).collect(joining("\n", "\n", ""))
          + "}\n";
    }

    /** The abstract methods that the hand-written classes fill in. */
    private static String hooks(List<Forwarding> methods, Target target) {
      Set<String> hooks = new TreeSet<>();
      hooks.add("java.sql.SQLException failed(java.sql.SQLException e)");
      hooks.add("void broken(java.lang.Throwable e)");
      for (Forwarding m : methods) {
        if (!m.moving(target).isEmpty()) {
          hooks.add(
              m.moving(target).startsWith("reading")
                  ? "void reading() throws java.sql.SQLException"
                  : "void placing()");
        }
        if (m.wraps()) {
          hooks.add("%s wrap(%s bare)".formatted(m.result(), m.result()));
        }
        String announcement = m.announcement(target);
        if (announcement.startsWith("preparing")) {
          hooks.add("void preparing(java.lang.String sql) throws java.sql.SQLException");
        } else if (!announcement.isEmpty()) {
          hooks.add("%s executing() throws java.sql.SQLException".formatted(SESSION));
          hooks.add(
              "java.sql.SQLException failed(java.sql.SQLException e, %s on)".formatted(SESSION));
        }
        if (m.leases()) {
          hooks.add("PooledConnection home()");
        }
      }
      return hooks.stream().map(h -> "\n  abstract " + h + ";\n").collect(joining());
    }

    /** What the interface declares or inherits, less what its parent forwards already. */
    private List<ExecutableElement> methods(Target target) {
      TypeElement iface = processingEnv.getElementUtils().getTypeElement(target.type());
      Map<String, ExecutableElement> bySignature = new LinkedHashMap<>();
      collect(iface, bySignature);
      if (target.parent().startsWith("Forwarding")) {
        Map<String, ExecutableElement> inherited = new LinkedHashMap<>();
        iface.getInterfaces().forEach(i -> collect(element(i), inherited));
        bySignature.keySet().removeAll(inherited.keySet());
      }
      bySignature.keySet().removeAll(BY_HAND);
      return bySignature.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .map(Map.Entry::getValue)
          .toList();
    }

    private void collect(TypeElement iface, Map<String, ExecutableElement> bySignature) {
      for (ExecutableElement m : ElementFilter.methodsIn(iface.getEnclosedElements())) {
        if (!m.getModifiers().contains(Modifier.STATIC)) {
          bySignature.putIfAbsent(signature(m), m);
        }
      }
      iface.getInterfaces().forEach(i -> collect(element(i), bySignature));
    }

    private TypeElement element(TypeMirror type) {
      return (TypeElement) processingEnv.getTypeUtils().asElement(type);
    }

    private String signature(ExecutableElement m) {
      return m.getSimpleName()
          + m.getParameters().stream()
              .map(p -> processingEnv.getTypeUtils().erasure(p.asType()).toString())
              .collect(joining(",", "(", ")"));
    }
  }

  /** One method to forward. */
  private record Forwarding(ExecutableElement method) {

    String result() {
      return method.getReturnType().toString();
    }

    boolean wraps() {
      return WRAPPED.contains(result());
    }

    boolean leases() {
      return LEASED.contains(result());
    }

    private boolean mayBeLeased(int parameter) {
      return MAY_BE_LEASED.contains(method.getParameters().get(parameter).asType().toString());
    }

    /** The arguments as the driver must have them. */
    private String bareArguments() {
      return IntStream.range(0, method.getParameters().size())
          .filter(this::mayBeLeased)
          .mapToObj(
              i ->
                  "%s b%d = LeasedObject.bare(p%d);"
                      .formatted(method.getParameters().get(i).asType(), i, i))
          .collect(joining("\n    "));
    }

    private String result(String call, Target target) {
      if (target.iface().equals("Statement")
          && PRESENT.contains(method.getSimpleName().toString())) {
        return "present(" + call + ")";
      }
      if (wraps()) {
        return "wrap(" + call + ")";
      }
      if (result().equals("java.lang.Object[]")) {
        return "LeasedObjects.values(home(), " + call + ")"; // a structure's attributes
      }
      return leases() ? "LeasedObjects.of(home(), " + call + ")" : call;
    }

    private boolean binds(Target target) {
      return BINDS.contains(method.getSimpleName().toString())
          && target.iface().endsWith("Statement");
    }

    /** Whether the transaction that it begins may be for its question alone. */
    private boolean mayDescribe(Target target) {
      return binds(target) || isIn(DESCRIBES, target);
    }

    /** The statement that tells of a value that may be a stream, or nothing. */
    private String giving(Target target) {
      if (!target.iface().endsWith("Statement") && !target.iface().equals("ResultSet")) {
        return "";
      }
      String name = method.getSimpleName().toString();
      for (int i = 0; i < method.getParameters().size(); i++) {
        String type = method.getParameters().get(i).asType().toString();
        if (type.equals("java.io.InputStream")
            || type.equals("java.io.Reader")
            || (type.equals("java.lang.Object") && TAKES_ANY.contains(name))) {
          return target.iface().equals("ResultSet")
              ? "Unsent.giving(home(), null, p%d);".formatted(i)
              : "giving(p%d);".formatted(i);
        }
      }
      return "";
    }

    /** The statement that tells where a result set, or a statement's results, go; or nothing. */
    String moving(Target target) {
      String name = method.getSimpleName().toString();
      if (target.iface().equals("ResultSet")) {
        return READS.contains(name) ? "reading();" : PLACES.contains(name) ? "placing();" : "";
      }
      return target.iface().equals("Statement") && name.equals("getMoreResults")
          ? "advancing();"
          : "";
    }

    /** The statement that begins the transaction, or nothing. */
    private String beginning(Target target) {
      if (binds(target)) {
        return "home().binding(b1);";
      }
      if (isIn(DESCRIBES, target)) {
        return "home().describing();";
      }
      if (isIn(USES_LARGE_OBJECT, target)) {
        return "home().usingLargeObject();";
      }
      // what is announced begins it by that
      return isIn(BEGINS, target) && announcement(target).isEmpty() ? "home().beginning();" : "";
    }

    /** Whether it is named there, or begins as a name there does that ends in a star. */
    private boolean isIn(Map<String, Set<String>> table, Target target) {
      String name = method.getSimpleName().toString();
      String withNumber = name + "/" + method.getParameters().size();
      return !name.equals("free") // sends nothing unless a transaction is open
          && table.getOrDefault(target.iface(), Set.of()).stream()
              .anyMatch(
                  there ->
                      there.endsWith("*")
                          ? name.startsWith(there.substring(0, there.length() - 1))
                          : name.equals(there) || withNumber.equals(there));
    }

    /** The statement that announces SQL, or nothing. */
    String announcement(Target target) {
      String name = method.getSimpleName().toString();
      if (WRITES.getOrDefault(target.iface(), Set.of()).contains(name)) {
        return "executing();";
      }
      boolean sql =
          !method.getParameters().isEmpty()
              && method.getParameters().get(0).asType().toString().equals("java.lang.String");
      if (name.equals("executeBatch") || name.equals("executeLargeBatch")) {
        return "executingBatch();";
      }
      if (name.equals("addBatch") && !sql) {
        return "adding();";
      }
      if (DROPS.containsKey(name)) {
        return "dropping(Unsent.Kind." + DROPS.get(name) + ");";
      }
      if (name.startsWith("execute")) {
        return sql ? "executing(p0);" : "executing();";
      }
      boolean prepares = name.startsWith("prepare") || name.equals("addBatch");
      return sql && prepares ? "preparing(p0);" : "";
    }

    /** Whether what is told so waits for the answer to a statement. */
    private static boolean awaits(String told) {
      return told.startsWith("executing") || told.startsWith("advancing");
    }

    private static String awaiting(String told) {
      return awaits(told) ? "Session on = " + told : told;
    }

    String source(Target target) {
      if (method.getThrownTypes().stream().noneMatch(t -> t.toString().endsWith(".SQLException"))) {
        throw new IllegalStateException("Write by hand, it throws no SQLException: " + method);
      }
      String call = "to.%s(%s)".formatted(method.getSimpleName(), arguments());
      String run =
          method.getReturnType().getKind() == TypeKind.VOID
              ? call + ";"
              : "return " + result(call, target) + ";";
      String body =
          Stream.of(
                  method.getSimpleName().contentEquals("free")
                      ? "if (isOver()) {\n      return;\n    }"
                      : "",
                  target.type() + " to = delegate();",
                  bareArguments(),
                  giving(target),
                  beginning(target),
                  awaiting(moving(target)),
                  awaiting(announcement(target)),
                  "try {",
                  "  " + run,
                  "} catch (java.sql.SQLException e) {",
                  awaits(moving(target)) || awaits(announcement(target))
                      ? "  throw failed(e, on);"
                      : "  throw failed(e);",
                  "} catch (Throwable e) {",
                  "  broken(e);",
                  "  throw e;",
                  mayDescribe(target) ? "} finally {\n      home().described();\n    }" : "}")
              .filter(line -> !line.isEmpty())
              .collect(joining("\n    "));
      return """
        %s@Override
        public %s%s %s(%s)%s {
          %s
        }
      """
          .formatted(
              method.getAnnotation(Deprecated.class) == null ? "" : "@Deprecated\n  ",
              typeParameters(),
              result(),
              method.getSimpleName(),
              parameters(),
              method.getThrownTypes().stream()
                  .map(Object::toString)
                  .collect(joining(", ", " throws ", "")),
              body);
    }

    private String typeParameters() {
      return method.getTypeParameters().isEmpty()
          ? ""
          : method.getTypeParameters().stream()
              .map(
                  t ->
                      t
                          + " extends "
                          + t.getBounds().stream().map(Object::toString).collect(joining(" & ")))
              .collect(joining(", ", "<", "> "))
              .replace(" extends java.lang.Object", "");
    }

    private String parameters() {
      return IntStream.range(0, method.getParameters().size())
          .mapToObj(i -> method.getParameters().get(i).asType() + " p" + i)
          .collect(joining(", "));
    }

    private String arguments() {
      return IntStream.range(0, method.getParameters().size())
          .mapToObj(i -> (mayBeLeased(i) ? "b" : "p") + i)
          .collect(joining(", "));
    }
  }
}
