package io.everpool.api;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.DirectiveTree;
import com.sun.source.tree.ExportsTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.PackageTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * The doc comments of what users can name in a module's sources, as its parser reads them: of the
 * module, of the packages that it exports to everybody (all packages, where there is no descriptor)
 * and of their public and protected types, methods, constructors and fields. Left out is what has
 * its comment elsewhere: a method that overrides another, and what a record's components are by
 * themselves.
 */
final class DocComments extends TreePathScanner<@Nullable Void, @Nullable Void> {
  private final Map<String, String> comments = new LinkedHashMap<>();
  private final DocTrees trees;

  private DocComments(DocTrees trees) {
    this.trees = trees;
  }

  /**
   * Reads them.
   *
   * @param sources where a module's packages begin
   * @return each by the name of what it belongs to ({@code io.everpool.api.PoolConfig.Builder
   *     .minSize}, once more with its parameters' types where methods share a name); an empty text
   *     for none
   */
  static Map<String, String> in(Path sources) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(sources)) {
      files = all.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    }
    JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null, manager, null, null, null, manager.getJavaFileObjectsFromPaths(files));
      DocComments found = new DocComments(DocTrees.instance(task));
      List<CompilationUnitTree> units = Stream.of(task.parse()).flatMap(DocComments::each).toList();
      Set<String> exported = exported(units);
      for (CompilationUnitTree unit : units) {
        PackageTree in = unit.getPackage();
        if (in == null || exported.contains(in.getPackageName().toString())) {
          found.scan(unit, null);
        }
      }
      exported.forEach(name -> found.comments.putIfAbsent(name, "")); // without a package-info
      return found.comments;
    }
  }

  private static Stream<CompilationUnitTree> each(Iterable<? extends CompilationUnitTree> units) {
    Stream.Builder<CompilationUnitTree> each = Stream.builder();
    units.forEach(each);
    return each.build();
  }

  private static Set<String> exported(List<CompilationUnitTree> units) {
    Set<String> exported = new HashSet<>();
    for (CompilationUnitTree unit : units) {
      if (unit.getModule() != null) {
        for (DirectiveTree directive : unit.getModule().getDirectives()) {
          if (directive instanceof ExportsTree exports && exports.getModuleNames() == null) {
            exported.add(exports.getPackageName().toString());
          }
        }
        return exported;
      }
    }
    units.forEach(unit -> exported.add(unit.getPackage().getPackageName().toString()));
    return exported;
  }

  @Override
  public @Nullable Void visitCompilationUnit(CompilationUnitTree unit, @Nullable Void nothing) {
    if (unit.getModule() != null) {
      found("module " + unit.getModule().getName(), unit.getModule());
      return null;
    }
    if (unit.getSourceFile().getName().endsWith("package-info.java")) {
      found(unit.getPackage().getPackageName().toString(), unit.getPackage());
    }
    scan(unit.getTypeDecls(), null);
    return null;
  }

  @Override
  public @Nullable Void visitClass(ClassTree type, @Nullable Void nothing) {
    if (isNamed(type.getModifiers())) {
      found(name(getCurrentPath()), type);
      scan(type.getMembers(), null); // not what its methods contain
    }
    return null;
  }

  @Override
  public @Nullable Void visitMethod(MethodTree method, @Nullable Void nothing) {
    ClassTree in = (ClassTree) getCurrentPath().getParentPath().getLeaf();
    boolean overrides =
        method.getModifiers().getAnnotations().stream()
            .anyMatch(each -> each.getAnnotationType().toString().equals("Override"));
    boolean isConstructor = method.getReturnType() == null;
    boolean isRecords = in.getKind() == Tree.Kind.RECORD && isConstructor;
    boolean isEnums = in.getKind() == Tree.Kind.ENUM && isConstructor;
    if (isNamed(method.getModifiers()) && !overrides && !isRecords && !isEnums) {
      String name = isConstructor ? in.getSimpleName().toString() : method.getName().toString();
      found(name(getCurrentPath().getParentPath()) + "." + name, method);
    }
    return null;
  }

  @Override
  public @Nullable Void visitVariable(VariableTree field, @Nullable Void nothing) {
    if (isNamed(field.getModifiers())) {
      found(name(getCurrentPath().getParentPath()) + "." + field.getName(), field);
    }
    return null;
  }

  /** Whether users can name what has these modifiers, by the type that it is in, too. */
  private boolean isNamed(ModifiersTree modifiers) {
    Set<Modifier> flags = modifiers.getFlags();
    Tree around = getCurrentPath().getParentPath().getLeaf();
    boolean ofInterface =
        around.getKind() == Tree.Kind.INTERFACE || around.getKind() == Tree.Kind.ANNOTATION_TYPE;
    return flags.contains(Modifier.PUBLIC)
        || flags.contains(Modifier.PROTECTED)
        || (ofInterface && !flags.contains(Modifier.PRIVATE));
  }

  private static String name(TreePath type) {
    String simple = ((ClassTree) type.getLeaf()).getSimpleName().toString();
    return type.getParentPath().getLeaf() instanceof ClassTree
        ? name(type.getParentPath()) + "." + simple
        : type.getCompilationUnit().getPackage().getPackageName() + "." + simple;
  }

  private void found(String name, Tree declared) {
    TreePath path =
        getCurrentPath().getLeaf() == declared
            ? getCurrentPath()
            : new TreePath(getCurrentPath(), declared);
    String comment = trees.getDocComment(path);
    String key = name;
    if (comments.containsKey(name) && declared instanceof MethodTree method) {
      key =
          method.getParameters().stream()
              .map(parameter -> parameter.getType().toString())
              .collect(Collectors.joining(", ", name + "(", ")"));
    }
    comments.put(key, comment == null ? "" : comment.strip());
  }
}
