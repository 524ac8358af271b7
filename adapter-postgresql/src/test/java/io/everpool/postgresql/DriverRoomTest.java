package io.everpool.postgresql;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import org.postgresql.PGProperty;

/** What another version of the driver may not have is touched where a way back is. */
@AnalyzeClasses(
    packages = "io.everpool.postgresql",
    importOptions = ImportOption.DoNotIncludeTests.class)
class DriverRoomTest {

  @ArchTest
  static final ArchRule the_drivers_internal_packages_are_touched_in_one_room =
      noClasses()
          .that()
          .haveNameNotMatching(".*\\.PgjdbcInternals(\\$.*)?")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.postgresql.core..", "org.postgresql.jdbc..", "org.postgresql.jdbcurlresolver..");

  /** A constant that came later is a NoSuchFieldError with every driver before. */
  @ArchTest
  static final ArchRule no_property_is_named_by_a_constant_of_the_driver =
      noClasses()
          .should(
              new ArchCondition<JavaClass>("name a constant of PGProperty") {
                @Override
                public void check(JavaClass type, ConditionEvents events) {
                  for (JavaFieldAccess access : type.getFieldAccessesFromSelf()) {
                    if (access.getTargetOwner().isEquivalentTo(PGProperty.class)) {
                      events.add(SimpleConditionEvent.satisfied(type, access.getDescription()));
                    }
                  }
                }
              });
}
