package io.everpool.micrometer;

import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.UnitListener;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes units of work observations of Micrometer's: spans where traces are made, and timers where
 * the registry makes them. It needs Micrometer 1.10 or newer.
 *
 * <pre>{@code
 * Everpool.builder(config).listener(UnitObservations.of(registry)).open();
 * }</pre>
 *
 * <p>Each unit is one observation {@code everpool.unit}, called after its {@linkplain
 * WorkOptions#label() label}, however often it is run. It is the current observation from before
 * the unit waits for its connection until the connection is back, so that what is observed of its
 * statements (by datasource-micrometer, by OpenTelemetry's driver) lies within. Its keys of low
 * cardinality are {@code pool}, {@code kind} ({@code run}, {@code transaction}, or {@code
 * on-connection} for Jdbi's and other frameworks') and {@code outcome} ({@code success} or {@code
 * error}), one of high cardinality is {@code attempts}; each rerun is an event, {@code rerun}.
 *
 * <p>One object may listen to several pools. Stateless and thread-safe.
 */
public final class UnitObservations implements UnitListener {
  private static final String NAME = "everpool.unit";

  private final ObservationRegistry registry;

  private UnitObservations(ObservationRegistry registry) {
    this.registry = Objects.requireNonNull(registry, "registry");
  }

  /**
   * Makes observations in this registry. While it is the registry that does nothing, nothing is
   * done.
   */
  public static UnitObservations of(ObservationRegistry registry) {
    return new UnitObservations(registry);
  }

  /** Does nothing: events are for {@link MicrometerMetrics}. */
  @Override
  public void onEvent(PoolEvent event) {}

  @Override
  public @Nullable Watch unitBegins(String pool, Kind kind, WorkOptions options) {
    if (registry.isNoop()) {
      return null;
    }
    Observation observation =
        Observation.createNotStarted(NAME, registry)
            .contextualName(options.label())
            .lowCardinalityKeyValue("pool", pool)
            .lowCardinalityKeyValue("kind", kind.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    return observation.isNoop() ? null : begin(observation.start());
  }

  /**
   * Makes the observation the current one. If that fails, the observation is ended, and the one
   * before it stays the current one.
   */
  private Watch begin(Observation started) {
    Observation.Scope before = registry.getCurrentObservationScope();
    try {
      return new Observed(started);
    } catch (Throwable e) {
      registry.setCurrentObservationScope(before);
      started.stop();
      throw e;
    }
  }

  /** A unit while it runs, on its thread. */
  private static final class Observed implements Watch {
    private final Observation observation;
    private final Observation.Scope scope;
    private int runs = 1;

    Observed(Observation started) {
      observation = started;
      scope = started.openScope();
    }

    @Override
    public void runsAgain(int run, Throwable failure) {
      runs = run;
      observation.event(Observation.Event.of("rerun", "run " + run));
    }

    @Override
    public void ended(@Nullable Throwable failure) {
      // Whatever a handler throws, the next observation of this thread must not become a child of
      // this one.
      try {
        observation
            .lowCardinalityKeyValue("outcome", failure == null ? "success" : "error")
            .highCardinalityKeyValue("attempts", Integer.toString(runs));
        if (failure != null) {
          observation.error(failure);
        }
      } finally {
        try {
          scope.close();
        } finally {
          observation.stop();
        }
      }
    }
  }

  @Override
  public String toString() {
    return "UnitObservations";
  }
}
