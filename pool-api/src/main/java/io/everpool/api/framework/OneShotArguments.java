package io.everpool.api.framework;

import java.io.InputStream;
import java.io.Reader;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryStream;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.BaseStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds arguments of methods that can be read only once: a second run of the code that has taken
 * them would find only their rest, which is nothing, and write that. Immutable and thread-safe.
 */
public final class OneShotArguments {

  /** Why a unit isn't run again, as {@link NotRepeatableException} has it: it was given one. */
  public static final String BECAUSE =
      "it was given an iterator or a stream, which can be read only once";

  private static final List<Class<?>> EVERYWHERE =
      List.of(
          Iterator.class,
          Enumeration.class,
          Spliterator.class,
          BaseStream.class,
          DirectoryStream.class,
          InputStream.class,
          Reader.class,
          ReadableByteChannel.class,
          ResultSet.class);

  /** Empty ones: the JDK has only one object of each, which is the same after it was read. */
  private static final List<Object> EMPTY =
      List.of(
          Collections.emptyIterator(),
          Collections.emptyListIterator(),
          Collections.emptyEnumeration(),
          Spliterators.emptySpliterator());

  private final List<Class<?>> types;

  /**
   * Looks for the JDK's types that can be read only once, and for types that only the framework
   * knows.
   *
   * @param others types of the framework's own
   */
  public OneShotArguments(Class<?>... others) {
    types = Stream.concat(EVERYWHERE.stream(), Arrays.stream(others)).toList();
  }

  /**
   * Returns those among {@code arguments}, or in a container of the JDK's among them, that can be
   * read only once. It doesn't look into a bean, nor into a collection of another class, which may
   * load its elements from far away.
   */
  public List<Object> in(@Nullable Object @Nullable ... arguments) {
    List<Object> found = new ArrayList<>(0);
    if (arguments != null) {
      for (Object each : arguments) {
        add(each, found);
      }
    }
    return found;
  }

  private void add(@Nullable Object argument, List<Object> found) {
    if (argument instanceof Object[] array) {
      found.addAll(in(array));
    } else if (argument instanceof Collection<?> collection && isOfJdk(argument)) {
      collection.forEach(each -> add(each, found));
    } else if (argument instanceof Map<?, ?> map && isOfJdk(argument)) {
      map.values().forEach(each -> add(each, found));
    } else if (argument instanceof Optional<?> optional) {
      optional.ifPresent(each -> add(each, found));
    } else if (argument != null && isOneShot(argument)) {
      found.add(argument);
    }
  }

  private static boolean isOfJdk(Object container) {
    return container.getClass().getName().startsWith("java.");
  }

  private boolean isOneShot(Object argument) {
    return types.stream().anyMatch(each -> each.isInstance(argument))
        && EMPTY.stream().noneMatch(each -> each == argument);
  }

  /** Whether an argument that is declared as {@code declared} may be one of these. */
  public boolean mayBe(Class<?> declared) {
    return types.stream()
        .anyMatch(each -> each.isAssignableFrom(declared) || declared.isAssignableFrom(each));
  }
}
