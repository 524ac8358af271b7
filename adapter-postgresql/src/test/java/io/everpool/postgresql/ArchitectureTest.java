package io.everpool.postgresql;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import org.junit.jupiter.api.Tag;

/** Which floor of the adapter may know which. */
@AnalyzeClasses(
    packages = ArchitectureTest.ADAPTER,
    importOptions = ImportOption.DoNotIncludeTests.class)
@Tag("one-jdk")
class ArchitectureTest {
  static final String ADAPTER = "io.everpool.postgresql";

  /** A new package has to find its place here, and in the picture in CONTRIBUTING.md. */
  @ArchTest
  static final ArchRule calls_go_down_the_floors =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("adapter")
          .definedBy(ADAPTER)
          .layer("doctor")
          .definedBy(ADAPTER + ".doctor")
          .layer("limits")
          .definedBy(ADAPTER + ".limits")
          .layer("url")
          .definedBy(ADAPTER + ".url")
          .layer("advice")
          .definedBy(ADAPTER + ".advice")
          .layer("commit")
          .definedBy(ADAPTER + ".commit")
          .layer("session")
          .definedBy(ADAPTER + ".session")
          .layer("failure")
          .definedBy(ADAPTER + ".failure")
          .layer("socket")
          .definedBy(ADAPTER + ".socket")
          .layer("protocol")
          .definedBy(ADAPTER + ".protocol")
          .layer("sql")
          .definedBy(ADAPTER + ".sql")
          .layer("driver")
          .definedBy(ADAPTER + ".driver")
          .whereLayer("doctor")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("adapter")
          .mayOnlyBeAccessedByLayers("doctor")
          .whereLayer("limits")
          .mayOnlyAccessLayers("driver")
          .whereLayer("url")
          .mayOnlyAccessLayers("socket", "driver")
          .whereLayer("advice")
          .mayOnlyAccessLayers("url", "socket", "driver")
          .whereLayer("commit")
          .mayOnlyAccessLayers("failure", "driver")
          .whereLayer("session")
          .mayOnlyAccessLayers("failure", "sql", "driver")
          .whereLayer("failure")
          .mayOnlyAccessLayers("socket", "driver")
          .whereLayer("socket")
          .mayOnlyAccessLayers("protocol", "driver")
          .whereLayer("protocol")
          .mayOnlyAccessLayers("sql")
          .whereLayer("sql")
          .mayNotAccessAnyLayer()
          .whereLayer("driver")
          .mayNotAccessAnyLayer()
          .ensureAllClassesAreContainedInArchitecture()
          .because(
              "a new package has to find its place here, and in the picture in CONTRIBUTING.md");

  @ArchTest
  static final ArchRule there_are_no_circles =
      slices()
          .assignedFrom(
              new SliceAssignment() {
                @Override
                public SliceIdentifier getIdentifierOf(JavaClass type) {
                  return SliceIdentifier.of(type.getPackageName());
                }

                @Override
                public String getDescription() {
                  return "packages";
                }
              })
          .should()
          .beFreeOfCycles();

  @ArchTest
  static final ArchRule texts_and_bytes_are_read_without_jdbc_and_sockets =
      classes()
          .that()
          .resideInAnyPackage(ADAPTER + ".sql", ADAPTER + ".protocol")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              ADAPTER + ".sql",
              ADAPTER + ".protocol",
              "io.everpool.api..",
              "java.io..", // what is closed, and what writing fails with
              "java.lang..",
              "java.nio.charset..",
              "java.util..",
              "org.jspecify..");
}
