/** An application on the module path with Hibernate over a pool. */
module hibernate {
  requires io.everpool.hibernate;
  requires jakarta.persistence;
  requires java.naming; // of which a SessionFactory is a part

  // Hibernate reads and fills entities
  opens hibernate to
      org.hibernate.orm.core;
}
