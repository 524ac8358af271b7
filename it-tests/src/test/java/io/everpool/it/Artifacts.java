package io.everpool.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** What POMs and module descriptors say of our artifacts, and of the applications in src. */
final class Artifacts {
  private static final Path ROOT = Path.of(System.getProperty("basedir", "."), "..");
  private static final Path APPLICATIONS = Path.of(System.getProperty("basedir", "."), "src");
  private static final Pattern MODULE = Pattern.compile("(?m)^(?:open )?module (\\S+) \\{");
  private static final Pattern REQUIRED =
      Pattern.compile("(?m)^  requires (?:static |transitive )*(io\\.everpool\\.\\S+);");

  private Artifacts() {}

  /** Those that the build deploys, but for POMs. */
  static Set<String> released() throws Exception {
    Set<String> artifacts = new TreeSet<>();
    for (Path folder : releasedFolders()) {
      artifacts.addAll(texts(folder, "/project/artifactId"));
    }
    return artifacts;
  }

  private static List<Path> releasedFolders() throws Exception {
    List<Path> folders = new ArrayList<>();
    for (String module : texts(ROOT, "/project/modules/module")) {
      Path folder = ROOT.resolve(module);
      if (!texts(folder, "/project/properties/maven.deploy.skip").contains("true")
          && !texts(folder, "/project/packaging").contains("pom")) {
        folders.add(folder);
      }
    }
    return folders;
  }

  static List<String> ofBom() throws Exception {
    return texts(
        ROOT.resolve("bom"), "/project/dependencyManagement/dependencies/dependency/artifactId");
  }

  /** The modules of those that are released. */
  static Set<String> modules() throws Exception {
    Set<String> modules = new TreeSet<>();
    for (Path folder : releasedFolders()) {
      Path descriptor = folder.resolve("src/main/java/module-info.java");
      modules.addAll(
          Files.exists(descriptor)
              ? matches(MODULE, descriptor)
              : texts(folder, "//manifestEntries/Automatic-Module-Name"));
    }
    return modules;
  }

  /** Ours in the POMs of the applications. */
  static Set<String> ofApplications() throws Exception {
    Set<String> artifacts = new TreeSet<>();
    for (Path application : applications()) {
      artifacts.addAll(
          texts(application, "/project/dependencies/dependency[groupId='io.everpool']/artifactId"));
    }
    return artifacts;
  }

  /** Ours in the descriptors of the applications. */
  static Set<String> requiredByApplications() throws Exception {
    Set<String> modules = new TreeSet<>();
    for (Path application : applications()) {
      modules.addAll(matches(REQUIRED, application.resolve("java/module-info.java")));
    }
    return modules;
  }

  private static List<Path> applications() throws Exception {
    Path all = APPLICATIONS.resolve("consumer");
    return texts(all, "/project/modules/module").stream().map(all::resolve).toList();
  }

  private static List<String> matches(Pattern pattern, Path file) throws Exception {
    List<String> found = new ArrayList<>();
    Matcher matcher = pattern.matcher(Files.readString(file));
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  /** Of a folder's POM. */
  private static List<String> texts(Path folder, String path) throws Exception {
    Document pom =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(folder.resolve("pom.xml").toFile());
    XPath xpath = XPathFactory.newInstance().newXPath();
    NodeList found = (NodeList) xpath.evaluate(path, pom, XPathConstants.NODESET);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < found.getLength(); i++) {
      texts.add(found.item(i).getTextContent().strip());
    }
    return texts;
  }
}
