package io.everpool.jdbi;

import java.io.InputStream;
import java.io.Reader;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryStream;
import java.sql.ResultSet;
import java.util.Collection;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterator;
import java.util.stream.BaseStream;
import org.jdbi.v3.core.result.ResultIterable;
import org.jspecify.annotations.Nullable;

/**
 * Arguments that can be read but once: a second run of whoever has taken them would find their
 * rest, which is nothing, and write that.
 */
final class OneShotArguments {

  private OneShotArguments() {}

  /** Whether one is among these, or in a container among these. Nobody sees into a bean. */
  static boolean among(@Nullable Object @Nullable ... args) {
    if (args != null) {
      for (Object each : args) {
        if (isOneShot(each)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isOneShot(@Nullable Object arg) {
    if (arg instanceof Object[] array) {
      return among(array);
    }
    if (arg instanceof Collection<?> collection) {
      return collection.stream().anyMatch(OneShotArguments::isOneShot);
    }
    if (arg instanceof Map<?, ?> map) {
      return map.values().stream().anyMatch(OneShotArguments::isOneShot);
    }
    if (arg instanceof Optional<?> optional) {
      return isOneShot(optional.orElse(null));
    }
    return arg instanceof Iterator
        || arg instanceof Enumeration
        || arg instanceof Spliterator
        || arg instanceof BaseStream
        || arg instanceof ResultIterable
        || arg instanceof DirectoryStream
        || arg instanceof InputStream
        || arg instanceof Reader
        || arg instanceof ReadableByteChannel
        || arg instanceof ResultSet;
  }
}
