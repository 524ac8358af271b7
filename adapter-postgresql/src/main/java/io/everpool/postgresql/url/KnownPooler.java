package io.everpool.postgresql.url;

import io.everpool.api.PoolerMode;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What the hosts and ports of providers tell about a pooler. The first entry that matches counts,
 * so that a provider's pooler stands before its servers. Sources: Neon, "Connection pooling";
 * Supabase, "Connect to your database"; Amazon RDS, "Using RDS Proxy" (its proxy keeps a session
 * that sets something on one server connection, so that it counts as a pooler of sessions);
 * DigitalOcean, "Manage connection pools"; Azure Database for PostgreSQL flexible server,
 * "PgBouncer".
 */
enum KnownPooler {
  /** {@code ep-cool-name-123456-pooler.eu-central-1.aws.neon.tech}. */
  NEON_POOLER("[^.]+-pooler\\..*\\.neon\\.(tech|build)", 0, PoolerMode.TRANSACTION),
  /** {@code ep-cool-name-123456.eu-central-1.aws.neon.tech}. */
  NEON(".*\\.neon\\.(tech|build)", 0, PoolerMode.NONE),
  /** {@code aws-0-eu-central-1.pooler.supabase.com:6543}. */
  SUPAVISOR_TRANSACTION(".*\\.pooler\\.supabase\\.com", 6543, PoolerMode.TRANSACTION),
  SUPAVISOR_SESSION(".*\\.pooler\\.supabase\\.com", 5432, PoolerMode.SESSION),
  /** {@code db.abcdefgh.supabase.co:6543}. */
  SUPABASE_POOLER(".*\\.supabase\\.co", 6543, PoolerMode.TRANSACTION),
  SUPABASE(".*\\.supabase\\.co", 5432, PoolerMode.NONE),
  /** {@code app.proxy-abc123.eu-central-1.rds.amazonaws.com}. */
  RDS_PROXY(".*\\.proxy-[^.]+\\.[^.]+\\.rds\\.amazonaws\\.com", 0, PoolerMode.SESSION),
  /** {@code app.abc123.eu-central-1.rds.amazonaws.com}. */
  RDS(".*\\.rds\\.amazonaws\\.com", 0, PoolerMode.NONE),
  /** {@code app-do-user-1-0.b.db.ondigitalocean.com:25061}. */
  DIGITALOCEAN_POOL(".*\\.db\\.ondigitalocean\\.com", 25061, PoolerMode.TRANSACTION),
  DIGITALOCEAN(".*\\.db\\.ondigitalocean\\.com", 25060, PoolerMode.NONE),
  /** {@code app.postgres.database.azure.com:6432}. */
  AZURE_PGBOUNCER(".*\\.postgres\\.database\\.azure\\.com", 6432, PoolerMode.TRANSACTION),
  AZURE(".*\\.postgres\\.database\\.azure\\.com", 5432, PoolerMode.NONE);

  private final Pattern host;
  private final int port;
  private final PoolerMode mode;

  /**
   * @param port the port; 0 if any port fits
   */
  KnownPooler(String host, int port, PoolerMode mode) {
    this.host = Pattern.compile(host);
    this.port = port;
    this.mode = mode;
  }

  private boolean is(HostPort place) {
    return (port == 0 || port == place.port())
        && host.matcher(place.host().toLowerCase(Locale.ROOT)).matches();
  }

  /** The kind of pooler; {@link PoolerMode#AUTO} if the hosts tell nothing, or not the same. */
  static PoolerMode at(List<HostPort> hosts) {
    List<PoolerMode> modes = hosts.stream().map(KnownPooler::at).distinct().toList();
    return modes.size() == 1 ? modes.get(0) : PoolerMode.AUTO;
  }

  private static PoolerMode at(HostPort place) {
    for (KnownPooler known : values()) {
      if (known.is(place)) {
        return known.mode;
      }
    }
    return PoolerMode.AUTO;
  }
}
