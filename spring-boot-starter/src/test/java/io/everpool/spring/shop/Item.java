package io.everpool.spring.shop;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import org.jspecify.annotations.Nullable;

/** Kept by JPA, in a table that Flyway makes. */
@Entity
public class Item {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  private @Nullable Long id;

  private @Nullable String name;

  /** For JPA. */
  protected Item() {}

  public Item(String name) {
    this.name = name;
  }

  public @Nullable Long id() {
    return id;
  }

  public @Nullable String name() {
    return name;
  }
}
