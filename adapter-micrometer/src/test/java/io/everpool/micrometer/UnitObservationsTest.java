package io.everpool.micrometer;

import static io.micrometer.observation.tck.TestObservationRegistryAssert.assertThat;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.UnitListener;
import io.everpool.core.Everpool;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.tck.TestObservationRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Units of a real pool, over H2, as Micrometer's own registry for tests has seen them. */
class UnitObservationsTest {
  private static final WorkOptions TRANSFER = WorkOptions.DEFAULT.withLabel("transfer");

  private final TestObservationRegistry registry = TestObservationRegistry.create();

  private static Pool open(ObservationRegistry registry) throws SQLException {
    PoolConfig config =
        PoolConfig.builder("jdbc:h2:mem:observed").name("shop").minSize(1).maxSize(2).build();
    return Everpool.builder(config).listener(UnitObservations.of(registry)).open();
  }

  private static SQLException conflict() {
    return new SQLException("somebody was faster", "40001");
  }

  @Test
  void aUnitIsOneObservationAndTheCurrentOneWhileItRuns() throws SQLException {
    try (Pool pool = open(registry)) {
      Observation current =
          pool.<Observation, SQLException>run(
              TRANSFER, connection -> requireNonNull(registry.getCurrentObservation()));
      assertThat(current.getContext().getName()).isEqualTo("everpool.unit");
    }
    assertThat(registry)
        .hasNumberOfObservationsEqualTo(1)
        .doesNotHaveAnyRemainingCurrentObservation()
        .hasSingleObservationThat()
        .hasContextualNameEqualTo("transfer")
        .hasLowCardinalityKeyValue("pool", "shop")
        .hasLowCardinalityKeyValue("kind", "run")
        .hasLowCardinalityKeyValue("outcome", "success")
        .hasHighCardinalityKeyValue("attempts", "1")
        .doesNotHaveError()
        .hasBeenStarted()
        .hasBeenStopped();
  }

  @Test
  void oneThatIsRunAgainIsStillOneAndTellsOfItsAttempts() throws SQLException {
    List<@Nullable Observation> current = new ArrayList<>();
    try (Pool pool = open(registry)) {
      pool.<Integer, SQLException>inTransaction(
          TRANSFER,
          connection -> {
            current.add(registry.getCurrentObservation());
            if (current.size() < 3) {
              throw conflict();
            }
            return 1;
          });
    }
    assertThat(current).hasSize(3).containsOnly(current.get(0)).doesNotContainNull();
    assertThat(registry)
        .hasNumberOfObservationsEqualTo(1)
        .hasSingleObservationThat()
        .hasLowCardinalityKeyValue("kind", "transaction")
        .hasLowCardinalityKeyValue("outcome", "success")
        .hasHighCardinalityKeyValue("attempts", "3")
        .hasEvent("rerun", "run 2")
        .hasEvent("rerun", "run 3")
        .doesNotHaveError();
  }

  @Test
  void aFailureIsItsError() throws SQLException {
    Throwable failure;
    try (Pool pool = open(registry)) {
      failure =
          catchThrowable(
              () ->
                  pool.run(
                      TRANSFER,
                      connection -> {
                        throw new SQLException("no such thing", "42P01");
                      }));
    }
    assertThat(failure).isInstanceOf(SQLException.class);
    assertThat(registry)
        .doesNotHaveAnyRemainingCurrentObservation()
        .hasSingleObservationThat()
        .hasLowCardinalityKeyValue("outcome", "error")
        .hasError(failure)
        .hasBeenStopped();
  }

  @Test
  void aUnitWithinAnotherIsItsChildAndBothAreTheCallers() throws SQLException {
    try (Pool pool = open(registry)) {
      Observation.createNotStarted("request", registry)
          .observeChecked(
              () ->
                  pool.run(
                      TRANSFER,
                      connection ->
                          UnitRerunner.of(pool)
                              .rerun(
                                  connection,
                                  WorkOptions.DEFAULT.withLabel("inner"),
                                  Connection::isReadOnly)));
    }
    assertThat(registry).hasNumberOfObservationsEqualTo(3);
    assertThat(registry)
        .hasObservationWithNameEqualTo("request")
        .that()
        .doesNotHaveParentObservation();
    List<String> parents = new ArrayList<>();
    assertThat(registry)
        .hasHandledContextsThatSatisfy(
            contexts ->
                contexts.forEach(
                    context -> {
                      var parent = context.getParentObservation();
                      parents.add(
                          context.getContextualName()
                              + " in "
                              + (parent == null
                                  ? "nothing"
                                  : parent.getContextView().getName()
                                      + " "
                                      + parent.getContextView().getContextualName()));
                    }));
    assertThat(parents).contains("transfer in request null", "inner in everpool.unit transfer");
    assertThat(registry).doesNotHaveAnyRemainingCurrentObservation();
  }

  /** Else all that comes later on the thread would be within a unit that is over. */
  @Test
  void aHandlerThatFailsLeavesNothingOnTheThread() throws SQLException {
    ObservationRegistry failing = ObservationRegistry.create();
    failing
        .observationConfig()
        .observationHandler(
            new ObservationHandler<>() {
              @Override
              public void onError(Observation.Context context) {
                throw new IllegalStateException("no");
              }

              @Override
              public boolean supportsContext(Observation.Context context) {
                return true;
              }
            });
    try (Pool pool = open(failing)) {
      Throwable told =
          catchThrowable(
              () ->
                  pool.run(
                      TRANSFER.withDeadline(Duration.ofMillis(500)),
                      connection -> {
                        throw conflict();
                      }));
      assertThat(told).isInstanceOf(SQLException.class);
    }
    assertThat(failing.getCurrentObservation()).isNull();
  }

  @Test
  void oneThatFailsAtTheBeginningDoesSoToo() throws SQLException {
    ObservationRegistry failing = ObservationRegistry.create();
    failing
        .observationConfig()
        .observationHandler(
            new ObservationHandler<>() {
              @Override
              public void onScopeOpened(Observation.Context context) {
                throw new IllegalStateException("no");
              }

              @Override
              public boolean supportsContext(Observation.Context context) {
                return true;
              }
            });
    try (Pool pool = open(failing)) {
      boolean readOnly = pool.run(TRANSFER, Connection::isReadOnly);
      assertThat(readOnly).isFalse();
    }
    assertThat(failing.getCurrentObservation()).isNull();
  }

  /** The keys that time series are made of. */
  @Test
  void timersAreMadeOfItWhereTheRegistryMakesThem() throws SQLException {
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    ObservationRegistry timing = ObservationRegistry.create();
    timing.observationConfig().observationHandler(new DefaultMeterObservationHandler(meters));
    try (Pool pool = open(timing)) {
      pool.inTransaction(TRANSFER, Connection::isReadOnly);
    }
    assertThat(
            meters
                .get("everpool.unit")
                .tags("pool", "shop", "kind", "transaction", "outcome", "success")
                .timer()
                .count())
        .isEqualTo(1);
  }

  @Test
  void whereNothingIsObservedNothingIsDone() {
    UnitObservations none = UnitObservations.of(ObservationRegistry.NOOP);
    assertThat(none.unitBegins("shop", UnitListener.Kind.RUN, TRANSFER)).isNull();
    ObservationRegistry refusing = ObservationRegistry.create();
    refusing.observationConfig().observationHandler(context -> true);
    refusing.observationConfig().observationPredicate((name, context) -> false);
    assertThat(UnitObservations.of(refusing).unitBegins("shop", UnitListener.Kind.RUN, TRANSFER))
        .isNull();
  }
}
