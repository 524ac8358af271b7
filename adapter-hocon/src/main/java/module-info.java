/** The settings of pools in HOCON. Start at {@link io.everpool.hocon.EverpoolConfig}. */
module io.everpool.hocon {
  requires transitive io.everpool.api;
  requires transitive typesafe.config;
  requires static org.jspecify;

  exports io.everpool.hocon;
}
