package io.everpool.hibernate;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;
import org.jspecify.annotations.Nullable;

/** What the tests save. */
@Entity
class Note {
  @Id @GeneratedValue private @Nullable Long id;
  private @Nullable String name;

  /** Hibernate's. */
  Note() {}

  Note(String name) {
    this.name = name;
  }

  @SuppressWarnings("NullAway") // after it was saved
  Long id() {
    return id;
  }

  @Nullable String name() {
    return name;
  }
}
