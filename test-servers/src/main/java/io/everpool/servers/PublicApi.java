package io.everpool.servers;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.AnnotatedArrayType;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.AnnotatedWildcardType;
import java.lang.reflect.Array;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericDeclaration;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.TypeVariable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What users can name of a module, as docs/api has it. No server, but here are those that the tests
 * of all modules share.
 */
public final class PublicApi {
  private static final Path DOCS = Path.of(System.getProperty("basedir", "."), "..", "docs", "api");

  /** By no name of ours: in the same build tests read {@code everpool.*} as settings. */
  private static final boolean WRITE = Boolean.getBoolean("write.anew");

  /** What to do where the two differ; for the failure's message. */
  public static final String HOW_TO_CHANGE =
      "what users can name has changed: undo it, or have docs/api written anew by running this test"
          + " with -Dwrite.anew=true (CONTRIBUTING, What users can name)";

  private PublicApi() {}

  /**
   * What is written of a module, nothing of a new one; with {@code -Dwrite.anew=true} {@code now}
   * is, first.
   */
  public static String written(String module, String now) throws IOException {
    Path file = DOCS.resolve(module + ".txt");
    if (WRITE) {
      Files.createDirectories(DOCS);
      Files.writeString(file, now);
    }
    return Files.exists(file) ? Files.readString(file) : "";
  }

  /**
   * Those of the classes that can be named, each in a line that its members' lines follow.
   *
   * @param classes the names of the classes in the packages that are the users'
   */
  public static String describe(Collection<String> classes, ClassLoader loader)
      throws ClassNotFoundException {
    StringBuilder lines = new StringBuilder();
    for (String name : new TreeSet<>(classes)) {
      Class<?> type = Class.forName(name, false, loader);
      if (reachable(type)) {
        lines.append(header(type)).append('\n');
        members(type).forEach(member -> lines.append("  ").append(member).append('\n'));
      }
    }
    return lines.toString();
  }

  /** What others have of a module beside its classes, each in a line. */
  public static String describe(ModuleDescriptor module) {
    Stream<String> required =
        module.requires().stream()
            .filter(one -> one.modifiers().contains(ModuleDescriptor.Requires.Modifier.TRANSITIVE))
            .map(
                one ->
                    one.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC)
                        ? "requires static transitive " + one.name()
                        : "requires transitive " + one.name());
    Stream<String> exported =
        module.exports().stream()
            .filter(one -> !one.isQualified())
            .map(one -> "exports " + one.source());
    Stream<String> provided =
        module.provides().stream()
            .map(
                one -> "provides " + one.service() + " with " + String.join(", ", one.providers()));
    Stream<String> used = module.uses().stream().map(service -> "uses " + service);
    return Stream.of(required, exported, provided, used)
        .flatMap(lines -> lines.sorted().map(line -> "  " + line + "\n"))
        .collect(Collectors.joining("", "module " + module.name() + "\n", ""));
  }

  /** The names of classes by those of their files, of which other files are passed over. */
  public static Set<String> classes(Stream<String> files) {
    return files
        .filter(file -> file.endsWith(".class") && file.contains("/"))
        .filter(file -> !file.endsWith("package-info.class"))
        .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
        .collect(Collectors.toSet());
  }

  private static boolean reachable(Class<?> type) {
    Class<?> outer = type.getDeclaringClass();
    return visible(type.getModifiers())
        && !type.isAnonymousClass()
        && (outer == null || reachable(outer));
  }

  private static boolean visible(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private static String header(Class<?> type) {
    String kind =
        type.isAnnotation()
            ? "@interface"
            : type.isInterface()
                ? "interface"
                : type.isEnum() ? "enum" : type.isRecord() ? "record" : "class";
    Stream<String> above =
        Stream.concat(
                Stream.ofNullable(type.getAnnotatedSuperclass()),
                Arrays.stream(type.getAnnotatedInterfaces()))
            .map(PublicApi::text)
            .filter(name -> !name.equals("java.lang.Object"));
    return (type.isAnnotation() ? meta(type) : "")
        + (type.isSealed() ? "sealed " : "")
        + (Modifier.isFinal(type.getModifiers()) ? "final " : "")
        + (Modifier.isAbstract(type.getModifiers()) && !type.isInterface() ? "abstract " : "")
        + kind
        + " "
        + type.getName()
        + parameters(type)
        + above.collect(Collectors.joining(", ", " : ", "")).replaceFirst(" : $", "")
        + constants(type);
  }

  /** Where an annotation may stand, and who sees it. */
  private static String meta(Class<?> annotation) {
    Retention retention = annotation.getAnnotation(Retention.class);
    Target target = annotation.getAnnotation(Target.class);
    return "@Retention("
        + (retention == null ? RetentionPolicy.CLASS : retention.value())
        + ") "
        + (target == null
            ? ""
            : "@Target("
                + Arrays.stream(target.value())
                    .map(ElementType::name)
                    .sorted()
                    .collect(Collectors.joining(", "))
                + ") ")
        + (annotation.isAnnotationPresent(Inherited.class) ? "@Inherited " : "")
        + (annotation.isAnnotationPresent(Repeatable.class) ? "@Repeatable " : "");
  }

  /** Of an enum, in order, for they are compared. */
  private static String constants(Class<?> type) {
    return type.isEnum()
        ? Arrays.stream(type.getEnumConstants())
            .map(constant -> ((Enum<?>) constant).name())
            .collect(Collectors.joining(", ", " { ", " }"))
        : "";
  }

  private static Set<String> members(Class<?> type) {
    Stream<String> executables =
        Stream.<Executable[]>of(type.getDeclaredConstructors(), type.getDeclaredMethods())
            .flatMap(Arrays::stream)
            .filter(PublicApi::isShown)
            .map(PublicApi::text);
    Stream<String> fields =
        Arrays.stream(type.getDeclaredFields()).filter(PublicApi::isShown).map(PublicApi::text);
    return Stream.concat(executables, fields).collect(Collectors.toCollection(TreeSet::new));
  }

  private static boolean isShown(Member member) {
    return visible(member.getModifiers()) && !member.isSynthetic();
  }

  private static String text(Field field) {
    return words(field.getModifiers() & Modifier.fieldModifiers(), false)
        + text(field.getAnnotatedType())
        + " "
        + name(field)
        + value(field);
  }

  /** Of a constant, which the compiler copies into what uses it. */
  private static String value(Field field) {
    boolean copied = field.getType().isPrimitive() || field.getType() == String.class;
    if (!copied || !Modifier.isStatic(field.getModifiers())) {
      return "";
    }
    try {
      field.setAccessible(true);
      Object value = field.get(null);
      return " = " + (value instanceof String text ? '"' + text + '"' : value);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String text(Executable executable) {
    boolean method = executable instanceof Method;
    int modifiers =
        executable.getModifiers()
            & (method ? Modifier.methodModifiers() : Modifier.constructorModifiers());
    String parameters = parameters(executable);
    return words(modifiers, executable instanceof Method it && it.isDefault())
        + (parameters.isEmpty() ? "" : parameters + " ")
        + (method ? text(executable.getAnnotatedReturnType()) + " " : "")
        + (method ? name(executable) : executable.getName())
        + arguments(executable)
        + Arrays.stream(executable.getAnnotatedExceptionTypes())
            .map(PublicApi::text)
            .collect(Collectors.joining(",", " throws ", ""))
            .replaceFirst(" throws $", "")
        + standard(executable);
  }

  /** What an element of an annotation is where nobody says. */
  private static String standard(Executable executable) {
    Object value = executable instanceof Method method ? method.getDefaultValue() : null;
    if (value == null) {
      return "";
    }
    if (!value.getClass().isArray()) {
      return " = " + (value instanceof String text ? '"' + text + '"' : value);
    }
    return " = "
        + IntStream.range(0, Array.getLength(value))
            .mapToObj(i -> String.valueOf(Array.get(value, i)))
            .collect(Collectors.joining(", ", "{", "}"));
  }

  private static String arguments(Executable executable) {
    AnnotatedType[] types = executable.getAnnotatedParameterTypes();
    String all = Arrays.stream(types).map(PublicApi::text).collect(Collectors.joining(","));
    return "(" + (executable.isVarArgs() ? all.replaceFirst("\\[]$", "...") : all) + ")";
  }

  private static String name(Member member) {
    return member.getDeclaringClass().getName() + "." + member.getName();
  }

  /** As {@link Method#toGenericString} has them. */
  private static String words(int modifiers, boolean isDefault) {
    String words = Modifier.toString(modifiers);
    if (isDefault) {
      words = words.replaceFirst("^(public|protected)?", "$1 default").strip();
    }
    return words.isEmpty() ? "" : words + " ";
  }

  private static String parameters(GenericDeclaration declaration) {
    return Arrays.stream(declaration.getTypeParameters())
        .map(PublicApi::parameter)
        .collect(Collectors.joining(",", "<", ">"))
        .replace("<>", "");
  }

  private static String parameter(TypeVariable<?> parameter) {
    String bounds =
        Arrays.stream(parameter.getAnnotatedBounds())
            .map(PublicApi::text)
            .collect(Collectors.joining(" & "));
    return parameter.getName()
        + (bounds.equals("java.lang.Object") || bounds.isEmpty() ? "" : " extends " + bounds);
  }

  /** A type with its nullness, that of its arguments, bounds and elements included. */
  private static String text(AnnotatedType type) {
    String nullness = isNullable(type) ? "@Nullable " : "";
    if (type instanceof AnnotatedArrayType array) {
      return text(array.getAnnotatedGenericComponentType())
          + (nullness.isEmpty() ? "[]" : " @Nullable []");
    }
    if (type instanceof AnnotatedParameterizedType parameterized
        && type.getType() instanceof ParameterizedType generic) {
      return nullness
          + generic.getRawType().getTypeName()
          + Arrays.stream(parameterized.getAnnotatedActualTypeArguments())
              .map(PublicApi::text)
              .collect(Collectors.joining(", ", "<", ">"));
    }
    if (type instanceof AnnotatedWildcardType wildcard) {
      AnnotatedType[] lower = wildcard.getAnnotatedLowerBounds();
      String upper =
          Arrays.stream(wildcard.getAnnotatedUpperBounds())
              .map(PublicApi::text)
              .collect(Collectors.joining(" & "));
      return nullness
          + (lower.length > 0
              ? "? super " + text(lower[0])
              : upper.equals("java.lang.Object") || upper.isEmpty() ? "?" : "? extends " + upper);
    }
    return nullness + type.getType().getTypeName();
  }

  private static boolean isNullable(AnnotatedType type) {
    return Arrays.stream(type.getAnnotations())
        .anyMatch(each -> each.annotationType().getSimpleName().equals("Nullable"));
  }
}
