package io.everpool.benchmarks.contenders;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The versions of the pools, which the build has put beside this class. */
final class Versions {

  private static final Properties ALL = load();

  private Versions() {}

  static String of(String key) {
    return ALL.getProperty(key, "");
  }

  private static Properties load() {
    Properties all = new Properties();
    try (InputStream in = Versions.class.getResourceAsStream("versions.properties")) {
      all.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return all;
  }
}
