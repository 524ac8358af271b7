package io.everpool.hocon;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Blocks that lie over one another, the first one on top: a pool's own and the one around it. They
 * are not merged by {@code withFallback}, so that every value still knows the path under which it
 * stands.
 */
record Layers(List<Layer> layers) {

  /** The path of the topmost block. */
  String path() {
    return layers.get(0).path();
  }

  /** The topmost value of {@code key}, or null if no block has one. */
  @Nullable Located find(String key) {
    for (Layer layer : layers) {
      ConfigValue value = layer.block().get(key);
      if (value != null) {
        return new Located(layer.path() + "." + ConfigUtil.joinPath(key), value);
      }
    }
    return null;
  }

  /**
   * The blocks under {@code key}, from the top down to the first value that is no block. If that
   * value is null, the layers just end there; anything else is a problem.
   */
  Layers under(String key, Problems problems) {
    List<Layer> inner = new ArrayList<>();
    for (Layer layer : layers) {
      ConfigValue value = layer.block().get(key);
      if (value == null) {
        continue;
      }
      String path = layer.path() + "." + ConfigUtil.joinPath(key);
      if (!(value instanceof ConfigObject object)) {
        Located located = new Located(path, value);
        if (!located.isNull()) {
          problems.notABlock(located);
        }
        break;
      }
      inner.add(new Layer(path, object));
    }
    return new Layers(inner);
  }
}
