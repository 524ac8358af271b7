package io.everpool.core;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/** Which room may know which, and who may look at the clock. */
@AnalyzeClasses(
    packages = {"io.everpool.core", "io.everpool.api"},
    importOptions = ImportOption.DoNotIncludeTests.class)
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

  @ArchTest
  static final ArchRule upkeep_knows_no_face_and_no_work =
      noClasses()
          .that()
          .resideInAnyPackage(CORE + ".upkeep", CORE + ".observe", CORE + ".plain")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(CORE, CORE + ".jdbc", CORE + ".work", CORE + ".runtime"));

  @ArchTest
  static final ArchRule faces_know_no_work =
      noClasses()
          .that()
          .resideInAPackage(CORE + ".jdbc")
          .should()
          .dependOnClassesThat(resideInAnyPackage(CORE, CORE + ".work", CORE + ".runtime"));

  @ArchTest
  static final ArchRule only_the_composition_root_knows_that_there_are_several =
      noClasses()
          .that()
          .resideOutsideOfPackages(CORE, CORE + ".replicas")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(CORE + ".replicas");

  @ArchTest
  static final ArchRule replicas_know_no_composition_root =
      noClasses()
          .that()
          .resideInAPackage(CORE + ".replicas")
          .should()
          .dependOnClassesThat(resideInAPackage(CORE));

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

  @ArchTest
  static final ArchRule only_the_composition_root_makes_a_runtime =
      noClasses()
          .that(resideInAnyPackage(CORE + ".."))
          .and()
          .resideOutsideOfPackages(CORE, CORE + ".runtime")
          .should()
          .dependOnClassesThat(resideInAPackage(CORE + ".runtime"));
}
