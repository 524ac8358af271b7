package io.everpool.dropwizard.shop;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;

/** What Hibernate saves. */
@Entity
public class Item {
  @Id private String name = "";

  /** Hibernate's. */
  protected Item() {}

  Item(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }
}
