package io.everpool.console;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.Setting;
import io.everpool.api.framework.PoolSlot;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A pool as the page gets it. It contains no secret, and no SQL. */
final class PoolJson {
  private PoolJson() {}

  /** What may change at every moment: the counts and each slot. */
  static void state(Json json, WatchedPool pool) {
    PoolSnapshot now = pool.pool().snapshot();
    json.object();
    json.name("id").value(pool.id());
    json.name("state").value(now.state().name().toLowerCase(Locale.ROOT));
    json.name("asleep").value(now.asleep());
    json.name("down").value(now.down());
    json.name("suspended").value(now.suspended());
    json.name("min").value(now.minSize());
    json.name("max").value(now.maxSize());
    json.name("places").value(pool.pool().config().maxSize());
    json.name("leakMs").value(pool.pool().config().leakThreshold().toMillis());
    json.name("waiting").value(now.waiting());
    json.name("opened").value(now.opened());
    json.name("connectFailures").value(now.connectFailures());
    json.name("acquireTimeouts").value(now.acquireTimeouts());
    json.name("retries").value(now.retries());
    json.name("lastConnectError").value(now.lastConnectError());
    json.name("closed").object();
    new TreeMap<>(now.closed()).forEach((reason, count) -> json.name(reason.label()).value(count));
    json.endObject();
    json.name("slots").array();
    for (PoolSlot slot : pool.operations().slots()) {
      slot(json, slot);
    }
    json.endArray().endObject();
  }

  private static void slot(Json json, PoolSlot slot) {
    json.object();
    json.name("state").value(slot.state().name().toLowerCase(Locale.ROOT));
    json.name("connection").value(slot.connection());
    json.name("ms").value(slot.unmovedFor().toMillis());
    json.name("holder").value(slot.holder());
    json.name("queries").value(slot.queries());
    json.endObject();
  }

  /** What has happened since the page was last told. */
  static void news(Json json, Iterable<Timeline.Entry> entries) {
    json.array();
    for (Timeline.Entry entry : entries) {
      json.object();
      json.name("id").value(entry.id());
      json.name("at").value(entry.at());
      json.name("wallAt").value(entry.wallAt());
      json.name("weight").value(entry.weight().name().toLowerCase(Locale.ROOT));
      json.name("text").value(entry.text());
      json.endObject();
    }
    json.endArray();
  }

  /**
   * The seconds, each as an array: the second, the count, the median, p99 and the longest wait (in
   * microseconds), and how many waited in vain.
   */
  static void waits(Json json, Iterable<Waits.Point> points) {
    json.array();
    for (Waits.Point point : points) {
      json.array();
      json.value(point.second()).value(point.count());
      json.value(point.median() / 1000).value(point.p99() / 1000).value(point.most() / 1000);
      json.value(point.inVain());
      json.endArray();
    }
    json.endArray();
  }

  /** How large the pool should be. */
  static void advice(Json json, Advice.Said said) {
    json.object();
    json.name("at").value(said.at());
    json.name("kind").value(said.kind().name().toLowerCase(Locale.ROOT));
    json.name("text").value(said.text());
    json.endObject();
  }

  /**
   * The settings with which the pool was opened, without secrets, and which of them aren't the
   * defaults.
   */
  static void settings(Json json, PoolConfig config) {
    json.array();
    for (Setting<?> setting : PoolConfig.settings()) {
      setting(json, setting, config);
    }
    json.endArray();
  }

  private static <T> void setting(Json json, Setting<T> setting, PoolConfig config) {
    @Nullable T value = config.get(setting);
    json.object();
    json.name("key").value(setting.key());
    json.name("value").value(setting.shown(value));
    json.name("changed").value(!Objects.equals(value, setting.defaultValue()));
    json.name("meaning").value(setting.meaning());
    json.endObject();
  }

  /** What the holders do just now. */
  static String holders(WatchedPool pool) {
    Json json = new Json().array();
    for (PoolSnapshot.Holder holder : pool.operations().examine().holders()) {
      json.object();
      json.name("connection").value(holder.connection());
      json.name("thread").value(holder.thread());
      json.name("ms").value(holder.heldFor().toMillis());
      json.name("where");
      frames(json, holder.where());
      json.name("acquiredAt");
      frames(json, holder.acquiredAt());
      json.endObject();
    }
    return json.endArray().toString();
  }

  private static void frames(Json json, Iterable<StackTraceElement> frames) {
    json.array();
    frames.forEach(frame -> json.value(frame.toString()));
    json.endArray();
  }
}
