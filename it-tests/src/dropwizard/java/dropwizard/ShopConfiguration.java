package dropwizard;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.core.Configuration;
import io.everpool.dropwizard.EverpoolDataSourceFactory;

/** What stands in the YAML. */
public final class ShopConfiguration extends Configuration {
  @JsonProperty private EverpoolDataSourceFactory database;

  EverpoolDataSourceFactory database() {
    return database;
  }
}
