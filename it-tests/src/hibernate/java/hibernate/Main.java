package hibernate;

import org.hibernate.SessionFactory;
import org.hibernate.boot.MetadataSources;
import org.hibernate.boot.registry.StandardServiceRegistry;
import org.hibernate.boot.registry.StandardServiceRegistryBuilder;
import org.hibernate.engine.jdbc.connections.spi.ConnectionProvider;
import org.hibernate.engine.spi.SessionFactoryImplementor;

/** Saves an entity and reads it, and says from which module the connections came. */
public final class Main {
  private Main() {}

  /** URL and user; the password is in the environment. */
  public static void main(String[] arguments) {
    StandardServiceRegistry registry =
        new StandardServiceRegistryBuilder()
            .applySetting("hibernate.connection.provider_class", "everpool")
            .applySetting("jakarta.persistence.jdbc.url", arguments[0])
            .applySetting("jakarta.persistence.jdbc.user", arguments[1])
            .applySetting(
                "jakarta.persistence.jdbc.password", System.getenv("APPLICATION_PASSWORD"))
            .applySetting("hibernate.everpool.max-size", "2")
            .applySetting("hibernate.hbm2ddl.auto", "create-drop")
            .build();
    try (SessionFactory factory =
        new MetadataSources(registry)
            .addAnnotatedClass(Note.class)
            .buildMetadata()
            .buildSessionFactory()) {
      Note saved = new Note("answered");
      factory.inTransaction(session -> session.persist(saved));
      String read = factory.fromTransaction(session -> session.find(Note.class, saved.id()).text());
      ConnectionProvider provider =
          factory
              .unwrap(SessionFactoryImplementor.class)
              .getServiceRegistry()
              .requireService(ConnectionProvider.class);
      System.out.println(read + " by " + provider.getClass().getModule().getName());
    }
  }
}
