package io.everpool.jdbi;

import java.io.InputStream;
import java.io.Reader;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryStream;
import java.sql.ResultSet;
import java.util.Collection;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.List;
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
  private static final List<Class<?>> TYPES =
      List.of(
          Iterator.class,
          Enumeration.class,
          Spliterator.class,
          BaseStream.class,
          ResultIterable.class,
          DirectoryStream.class,
          InputStream.class,
          Reader.class,
          ReadableByteChannel.class,
          ResultSet.class);

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
    return TYPES.stream().anyMatch(each -> each.isInstance(arg));
  }

  /** Whether something declared as {@code declared} is one, or may be as far as that says. */
  static boolean mayBe(Class<?> declared) {
    return TYPES.stream()
        .anyMatch(each -> each.isAssignableFrom(declared) || declared.isAssignableFrom(each));
  }
}
