package io.everpool.console;

import io.everpool.api.CloseReason;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.api.observe.PoolEvent.CommitResolved;
import io.everpool.api.observe.PoolEvent.ConnectFailed;
import io.everpool.api.observe.PoolEvent.ConnectionClosed;
import io.everpool.api.observe.PoolEvent.ConnectionFailed;
import io.everpool.api.observe.PoolEvent.ConnectionOpened;
import io.everpool.api.observe.PoolEvent.FellAsleep;
import io.everpool.api.observe.PoolEvent.Fenced;
import io.everpool.api.observe.PoolEvent.HealthCheckFailed;
import io.everpool.api.observe.PoolEvent.LeakEnded;
import io.everpool.api.observe.PoolEvent.LeakSuspected;
import io.everpool.api.observe.PoolEvent.LeaseAbandoned;
import io.everpool.api.observe.PoolEvent.NestedAcquire;
import io.everpool.api.observe.PoolEvent.PoolClosed;
import io.everpool.api.observe.PoolEvent.PoolOpened;
import io.everpool.api.observe.PoolEvent.Recovered;
import io.everpool.api.observe.PoolEvent.Retried;
import io.everpool.api.observe.PoolEvent.RetryRefused;
import io.everpool.api.observe.PoolEvent.TransactionLeftOpen;
import io.everpool.api.observe.PoolEvent.WokeUp;
import io.everpool.api.observe.PoolEvent.WriteUnknown;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * An event of a pool, in words.
 *
 * @param connection the number of the connection that the news is about; 0 if it is about none
 * @param what what happened; if the news is about a connection, this follows its number
 * @param detail what is true of this single event only; empty, or a clause that begins with a comma
 */
record News(Weight weight, long connection, String what, String detail) {

  /** How much something matters to whoever watches. */
  enum Weight {
    /** It happens every day. */
    ROUTINE,
    /** Something was wrong, or was done about it. */
    NOTABLE,
    /** Somebody has noticed it, or may have. */
    ALARM
  }

  private static final int LONGEST_MESSAGE = 300;

  private static final Map<Class<?>, Function<PoolEvent, News>> WORDS = new HashMap<>();

  static {
    words(
        PoolOpened.class,
        opened ->
            notable(
                "Pool opened: "
                    + opened.self().config().minSize()
                    + " to "
                    + opened.self().config().maxSize()
                    + " connections"));
    words(PoolClosed.class, closed -> notable("Pool closed"));
    words(
        ConnectionOpened.class,
        opened ->
            of(Weight.ROUTINE, opened.connection(), "opened", ", in " + time(opened.tookNanos())));
    words(ConnectionClosed.class, News::closed);
    words(
        ConnectFailed.class,
        failed -> alarm("Connect failed: " + oneLine(failed.message()) + in(failed.verdict())));
    words(
        AcquireTimedOut.class,
        waited ->
            new News(
                Weight.ALARM, 0, "A caller waited in vain", ", for " + time(waited.waitedNanos())));
    words(AcquireRejected.class, rejected -> alarm("A caller was turned away"));
    words(
        HealthCheckFailed.class,
        failed ->
            of(
                Weight.NOTABLE,
                failed.connection(),
                "found dead by a probe: " + oneLine(failed.message()),
                ""));
    words(
        ConnectionFailed.class,
        failed ->
            of(
                Weight.NOTABLE,
                failed.connection(),
                "lost in use: " + oneLine(failed.message()) + in(failed.verdict()),
                ""));
    words(
        Fenced.class,
        fenced ->
            alarm("Fence: " + fenced.connections() + " connections given up, " + fenced.why()));
    words(
        Recovered.class,
        recovered -> notable("Server answers again, after " + time(recovered.downNanos())));
    words(FellAsleep.class, slept -> routine("Fell asleep: no work"));
    words(WokeUp.class, woke -> routine("Woke up: work came"));
    words(
        Retried.class,
        retried ->
            new News(
                Weight.NOTABLE,
                0,
                "Unit of work run again" + in(retried.verdict()),
                ", " + oneLine(retried.label()) + ", attempt " + retried.attempt()));
    words(
        RetryRefused.class,
        refused ->
            alarm(
                "Unit of work not run again: " + oneLine(refused.label() + ", " + refused.why())));
    words(CommitResolved.class, News::resolved);
    words(
        WriteUnknown.class,
        write -> of(Weight.ALARM, write.connection(), "lost a write's answer", ""));
    words(
        TransactionLeftOpen.class,
        left -> of(Weight.NOTABLE, left.connection(), "came back with an open transaction", ""));
    words(
        LeakSuspected.class,
        leak ->
            of(
                Weight.ALARM,
                leak.connection(),
                "held for very long",
                ", " + time(leak.heldNanos()) + " by " + leak.thread()));
    words(
        LeakEnded.class,
        ended ->
            of(
                Weight.NOTABLE,
                ended.connection(),
                "is out no longer",
                ", after " + time(ended.heldNanos()) + " with " + ended.thread()));
    words(
        LeaseAbandoned.class,
        abandoned ->
            of(
                Weight.ALARM,
                abandoned.connection(),
                "was dropped without being closed",
                ", after " + time(abandoned.heldNanos()) + ", by " + abandoned.thread()));
    words(
        NestedAcquire.class,
        nested ->
            of(
                nested.everyHolderWaits() ? Weight.ALARM : Weight.NOTABLE,
                nested.connection(),
                nested.everyHolderWaits()
                    ? "is held by one who waits for another, as all are"
                    : "is held by one who waits for another",
                ", " + nested.thread()));
  }

  private static <E extends PoolEvent> void words(Class<E> event, Function<E, News> words) {
    WORDS.put(event, news -> words.apply(event.cast(news)));
  }

  /** The event in words; if this version doesn't know its kind, the kind's name. */
  static News of(PoolEvent event) {
    Function<PoolEvent, News> words = WORDS.get(event.getClass());
    return words == null ? routine(event.getClass().getSimpleName()) : words.apply(event);
  }

  /** What somebody has done on the console. */
  static News operator(String what) {
    return notable("Operator: " + what);
  }

  private static News resolved(CommitResolved resolved) {
    String status = word(resolved.status());
    Weight weight =
        switch (resolved.status()) {
          case COMMITTED, ABORTED -> Weight.NOTABLE;
          // somebody has to find out what became of a write
          case IN_PROGRESS, UNKNOWN -> Weight.ALARM;
        };
    return resolved.transactionId().isEmpty()
        ? new News(weight, 0, "COMMIT without an answer, and nobody to ask: " + status, "")
        : new News(
            weight,
            0,
            "COMMIT without an answer looked up: " + status,
            ", transaction " + resolved.transactionId());
  }

  private static News closed(ConnectionClosed closed) {
    return of(
        weight(closed.reason()),
        closed.connection(),
        "closed: " + closed.reason().label(),
        ", " + time(closed.ageNanos()) + " old, " + closed.queries() + " queries");
  }

  private static Weight weight(CloseReason reason) {
    return switch (reason) {
      case FOUND_DEAD, FAILED, FENCED, RESET_FAILED, ABORTED, ABANDONED -> Weight.NOTABLE;
      default -> Weight.ROUTINE;
    };
  }

  /** Whether the two can be told as one entry. */
  boolean isAlike(News other) {
    return what.equals(other.what) && (connection > 0) == (other.connection > 0);
  }

  private static News of(Weight weight, long connection, String what, String detail) {
    return new News(weight, connection, what, detail);
  }

  private static News routine(String what) {
    return new News(Weight.ROUTINE, 0, what, "");
  }

  private static News notable(String what) {
    return new News(Weight.NOTABLE, 0, what, "");
  }

  private static News alarm(String what) {
    return new News(Weight.ALARM, 0, what, "");
  }

  private static String in(Enum<?> verdict) {
    return " (" + word(verdict) + ")";
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String oneLine(String message) {
    String line = message.lines().findFirst().orElse("").strip();
    return line.length() <= LONGEST_MESSAGE ? line : line.substring(0, LONGEST_MESSAGE) + "…";
  }

  /** The time as somebody would say it, with two or three digits. */
  static String time(long nanos) {
    double millis = nanos / 1e6;
    if (millis < 1000) {
      return String.format(Locale.ROOT, millis < 10 ? "%.1f ms" : "%.0f ms", millis);
    }
    double seconds = millis / 1000;
    if (seconds < 120) {
      return String.format(Locale.ROOT, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
    }
    double minutes = seconds / 60;
    return minutes < 120
        ? String.format(Locale.ROOT, "%.0f min", minutes)
        : String.format(Locale.ROOT, "%.0f h", minutes / 60);
  }
}
