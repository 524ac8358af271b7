package io.everpool.core.engine;

import java.util.Arrays;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.junit.jupiter.api.Test;

/**
 * The races that {@link Engine} argues, in the models of {@link EngineModelTest}, each in the
 * fewest calls that can run into it: who comes first holds a connection, the others wait in order.
 * Each was seen to fail with one line taken out of the engine or the queue.
 */
class RacesModelTest {
  @Test
  void a_caller_joins_while_the_connection_is_published() {
    race(EngineModelTest.Published.class, List.of(next(1)), next(1), next(2));
  }

  @Test
  void the_first_leaves_while_it_is_told_of_a_published_connection() {
    race(EngineModelTest.Published.class, List.of(next(1), next(2), next(3)), next(1), giveUp(2));
  }

  @Test
  void a_caller_joins_while_the_connection_is_handed_over() {
    race(EngineModelTest.HandedOver.class, List.of(next(1)), next(1), next(2));
  }

  @Test
  void the_first_leaves_while_the_connection_is_handed_to_it() {
    race(EngineModelTest.HandedOver.class, List.of(next(1), next(2), next(3)), next(1), giveUp(2));
  }

  @Test
  void who_is_told_of_one_connection_is_handed_another() {
    race(
        EngineModelTest.ByTurns.class,
        List.of(next(1), next(2), next(3), next(4)),
        next(1),
        next(2));
  }

  @Test
  void a_caller_joins_while_the_connection_is_replaced() {
    race(EngineModelTest.WithFaults.class, List.of(next(1)), retiring(1), next(2));
  }

  @Test
  void the_connection_is_doomed_while_it_is_handed_over() {
    race(
        EngineModelTest.WithFaults.class,
        List.of(next(1), next(2)),
        next(1),
        actor(EngineModelTest.WithFaults.class, "dooming"));
  }

  /** Who is told of the connection is sent away, and who has joined since waits beside it. */
  @Test
  void the_first_is_sent_away_while_it_is_told_of_a_published_connection() {
    race(
        EngineModelTest.Rejected.class,
        List.of(next(1), next(2)),
        List.of(next(1)),
        List.of(actor(EngineModelTest.Rejected.class, "rejectingAll"), next(3)));
  }

  @Test
  void a_caller_joins_while_the_pool_closes() {
    race(EngineModelTest.UntilClosed.class, List.of(next(1)), next(2), closing());
  }

  @Test
  void the_connection_comes_back_while_the_pool_closes() {
    race(EngineModelTest.UntilClosed.class, List.of(next(1), next(2)), next(1), closing());
  }

  @Test
  void a_connection_is_opened_while_the_pool_closes() {
    race(
        EngineModelTest.UntilClosed.class,
        List.of(),
        actor(EngineModelTest.UntilClosed.class, "evicting"),
        closing());
  }

  /** Those who join behind him rely on that, and whoever publishes a connection. */
  @Test
  void somebody_looks_for_who_waits_while_a_connection_is_handed_to_him() {
    race(
        EngineModelTest.Queue.class,
        List.of(),
        actor(EngineModelTest.Queue.class, "handing"),
        actor(EngineModelTest.Queue.class, "looking"));
  }

  private static void race(Class<?> model, List<Actor> before, Actor one, Actor other) {
    race(model, before, List.of(one), List.of(other));
  }

  private static void race(Class<?> model, List<Actor> before, List<Actor> one, List<Actor> other) {
    ModelCheckingOptions options =
        new ModelCheckingOptions()
            .iterations(0)
            .addCustomScenario(new ExecutionScenario(before, List.of(one, other), List.of(), null));
    EngineModelTest.check(model, options, 500);
  }

  private static Actor next(int thread) {
    return actor(EngineModel.class, "next", thread);
  }

  private static Actor giveUp(int thread) {
    return actor(EngineModel.class, "giveUp", thread);
  }

  private static Actor retiring(int thread) {
    return actor(EngineModelTest.WithFaults.class, "retiring", thread);
  }

  private static Actor closing() {
    return actor(EngineModelTest.UntilClosed.class, "closing");
  }

  private static Actor actor(Class<?> model, String operation, Object... arguments) {
    return Arrays.stream(model.getMethods())
        .filter(method -> method.getName().equals(operation))
        .map(method -> new Actor(method, List.of(arguments)))
        .findAny()
        .orElseThrow();
  }
}
