package io.everpool.examples.doctor;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.hocon.EverpoolConfig;
import io.everpool.postgresql.doctor.Doctor;
import io.everpool.postgresql.doctor.Report;
import java.io.File;
import java.io.PrintStream;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.logging.LogManager;
import org.jspecify.annotations.Nullable;

/**
 * Prints what the doctor says of a database, and ends with 1 if something doesn't work. The
 * environment says what to examine, because lists of processes don't show it: the variables {@code
 * EVERPOOL_DOCTOR_URL}, or {@code EVERPOOL_DOCTOR_CONF} (a HOCON file) and {@code
 * EVERPOOL_DOCTOR_POOL} (a pool within that file). If none of them is set, {@code NEON_DB_URL}
 * counts.
 */
public final class Examine {
  private Examine() {}

  /** Examines the database; no arguments are needed. */
  public static void main(String[] arguments) {
    // this silences the driver's log, whose contents the report has
    LogManager.getLogManager().reset();
    System.exit(run(System::getenv, System.out));
  }

  static int run(UnaryOperator<@Nullable String> environment, PrintStream out) {
    try {
      Report report = Doctor.examine(config(environment));
      out.println(report);
      return report.works() ? 0 : 1;
    } catch (InvalidPoolConfigException e) {
      e.problems().forEach(out::println);
      out.println("Say what to examine: -Durl=postgresql://..., or -Dconf=my.conf [-Dpool=name]");
      return 1;
    }
  }

  private static PoolConfig config(UnaryOperator<@Nullable String> environment) {
    String url = environment.apply("EVERPOOL_DOCTOR_URL");
    if (url != null && !url.isBlank()) {
      return PoolConfig.builder(url).build();
    }
    String file = environment.apply("EVERPOOL_DOCTOR_CONF");
    String pool = environment.apply("EVERPOOL_DOCTOR_POOL");
    Config root = file == null || file.isBlank() ? ConfigFactory.empty() : parsed(file);
    // EverpoolConfig resolves this. If something can't be resolved, it says so without telling a
    // secret.
    root = root.withFallback(ConfigFactory.parseResources("reference.conf"));
    return pool == null || pool.isBlank()
        ? EverpoolConfig.from(root)
        : EverpoolConfig.from(root, pool);
  }

  /**
   * Reads the file, which has to be there. Otherwise the database of {@code NEON_DB_URL} would be
   * examined, which nobody has asked for.
   */
  private static Config parsed(String file) {
    try {
      return ConfigFactory.parseFile(
          new File(file), ConfigParseOptions.defaults().setAllowMissing(false));
    } catch (ConfigException.IO e) {
      throw new InvalidPoolConfigException(
          List.of(file + " could not be read: there is no such file, or it can't be opened"));
    } catch (ConfigException e) {
      String where = e.origin() == null ? file : e.origin().description();
      throw new InvalidPoolConfigException(
          List.of(
              file
                  + " could not be read: there is a slip at "
                  + where
                  + "; what stands there isn't shown, for it may be a secret"));
    }
  }
}
