package io.everpool.core;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;

/** Which room may know which, and who may look at the clock. */
@AnalyzeClasses(
    packages = {"io.everpool.core", "io.everpool.api"},
    importOptions = ImportOption.DoNotIncludeTests.class)
@Tag("one-jdk")
class ArchitectureTest {
  private static final String CORE = "io.everpool.core";

  @ArchTest
  static final ArchRule the_api_knows_nobody =
      classes()
          .that()
          .resideInAPackage("io.everpool.api..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("io.everpool.api..", "java..", "javax.sql..", "org.jspecify..");

  @ArchTest
  static final ArchRule the_core_knows_no_driver_and_no_framework =
      classes()
          .that()
          .resideInAPackage("io.everpool.core..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.everpool.api..",
              "io.everpool.core..",
              "java..",
              "javax.sql..",
              "javax.xml.transform..", // in the signatures of java.sql.SQLXML
              "org.slf4j..",
              "org.jspecify..");

  @ArchTest
  static final ArchRule the_engine_knows_the_api_only_and_no_jdbc =
      classes()
          .that()
          .resideInAPackage(CORE + ".engine")
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage(
                  CORE + ".engine",
                  "io.everpool.api..",
                  "java.lang..",
                  "java.util..",
                  "org.jspecify.."));

  @ArchTest
  static final ArchRule policies_know_nothing =
      classes()
          .that()
          .resideInAPackage(CORE + ".policy")
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage(
                  CORE + ".policy",
                  "io.everpool.api..",
                  "java.lang..",
                  "java.time..",
                  "java.util..",
                  "org.jspecify.."));

  /** A new package has to find its place here, and in the picture in CONTRIBUTING.md. */
  @ArchTest
  static final ArchRule calls_go_down_the_rooms =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("core")
          .definedBy(CORE)
          .layer("replicas")
          .definedBy(CORE + ".replicas")
          .layer("work")
          .definedBy(CORE + ".work")
          .layer("jdbc")
          .definedBy(CORE + ".jdbc")
          .layer("upkeep")
          .definedBy(CORE + ".upkeep")
          .layer("engine")
          .definedBy(CORE + ".engine")
          .layer("policy")
          .definedBy(CORE + ".policy")
          .layer("advice")
          .definedBy(CORE + ".advice")
          .layer("observe")
          .definedBy(CORE + ".observe")
          .layer("runtime")
          .definedBy(CORE + ".runtime")
          .layer("plain")
          .definedBy(CORE + ".plain")
          .whereLayer("core")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("replicas")
          .mayOnlyAccessLayers("work", "jdbc", "upkeep", "engine", "observe")
          .whereLayer("replicas")
          .mayOnlyBeAccessedByLayers("core")
          .whereLayer("work")
          .mayOnlyAccessLayers("jdbc", "upkeep", "engine", "policy", "observe")
          .whereLayer("jdbc")
          .mayOnlyAccessLayers("upkeep", "engine", "advice", "observe")
          .whereLayer("upkeep")
          .mayOnlyAccessLayers("engine", "policy", "observe")
          .whereLayer("engine")
          .mayNotAccessAnyLayer()
          .whereLayer("policy")
          .mayNotAccessAnyLayer()
          .whereLayer("advice")
          .mayNotAccessAnyLayer()
          .whereLayer("observe")
          .mayNotAccessAnyLayer()
          .whereLayer("runtime")
          .mayOnlyAccessLayers("upkeep")
          .whereLayer("runtime")
          .mayOnlyBeAccessedByLayers("core")
          .whereLayer("plain")
          .mayNotAccessAnyLayer()
          .whereLayer("plain")
          .mayOnlyBeAccessedByLayers("core")
          .ensureAllClassesAreContainedInArchitectureIgnoring("io.everpool.api..")
          .because(
              "a new package has to find its place here, and in the picture in CONTRIBUTING.md");

  @ArchTest
  static final ArchRule there_are_no_circles =
      slices()
          .assignedFrom(
              new SliceAssignment() {
                @Override
                public SliceIdentifier getIdentifierOf(JavaClass type) {
                  String room = type.getPackageName();
                  return room.startsWith("io.everpool.")
                      ? SliceIdentifier.of(room)
                      : SliceIdentifier.ignore();
                }

                @Override
                public String getDescription() {
                  return "rooms";
                }
              })
          .should()
          .beFreeOfCycles();

  @ArchTest
  static final ArchRule only_the_runtime_reads_a_clock_or_sleeps_or_draws =
      noClasses()
          .that()
          .resideOutsideOfPackage(CORE + ".runtime")
          .should()
          .callMethod(System.class, "nanoTime")
          .orShould()
          .callMethod(System.class, "currentTimeMillis")
          .orShould()
          .callMethod(Thread.class, "sleep", long.class)
          .orShould()
          .callMethod(Thread.class, "sleep", long.class, int.class)
          .orShould()
          .dependOnClassesThat()
          .belongToAnyOf(ThreadLocalRandom.class, Random.class)
          .orShould()
          .callMethod(Math.class, "random");

  @ArchTest
  static final ArchRule nobody_parks_but_those_in_line =
      noClasses()
          .that()
          .resideOutsideOfPackages(CORE + ".runtime")
          .and()
          .doNotHaveSimpleName("Parking")
          .and()
          .doNotHaveSimpleName("Parked")
          .should()
          .dependOnClassesThat()
          .belongToAnyOf(LockSupport.class);
}
