package io.everpool.dropwizard.shop;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dropwizard.core.Configuration;
import io.everpool.dropwizard.EverpoolDataSourceFactory;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotNull;

/** What stands in the YAML. */
@SuppressWarnings("NullAway.Init") // Jackson sees to it, and the validator
public class ShopConfiguration extends Configuration {
  @Valid @NotNull private EverpoolDataSourceFactory database;

  /** The block of the database; there is one, or the configuration is refused. */
  @JsonProperty
  public EverpoolDataSourceFactory getDatabase() {
    return database;
  }

  @JsonProperty
  public void setDatabase(EverpoolDataSourceFactory value) {
    database = value;
  }
}
