package io.everpool.it;

import java.io.File;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What of our own class path would be a module on a module path. */
final class Modules {
  private Modules() {}

  /** In the order of the class path; what can't be a module is left out. */
  static List<ModuleReference> onClassPath() {
    List<ModuleReference> modules = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path place = Path.of(entry);
      if (!entry.isEmpty() && !entry.contains("test-classes") && Files.exists(place)) {
        try {
          modules.addAll(ModuleFinder.of(place).findAll());
        } catch (FindException e) {
          // such as a jar from whose name no name of a module can be made
        }
      }
    }
    return modules;
  }
}
