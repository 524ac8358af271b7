package hibernate;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.Id;

/** What is saved. */
@Entity
class Note {
  @Id @GeneratedValue private Long id;
  private String text;

  /** Hibernate's. */
  Note() {}

  Note(String text) {
    this.text = text;
  }

  Long id() {
    return id;
  }

  String text() {
    return text;
  }
}
