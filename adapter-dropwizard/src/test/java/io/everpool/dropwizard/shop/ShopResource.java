package io.everpool.dropwizard.shop;

import io.dropwizard.hibernate.UnitOfWork;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.hibernate.SessionFactory;
import org.jdbi.v3.core.Jdbi;

/** Items, by Jdbi and by Hibernate. */
@Path("/items")
@Produces(MediaType.APPLICATION_JSON)
public class ShopResource {
  private final Jdbi jdbi;
  private final SessionFactory sessions;

  ShopResource(Jdbi jdbi, SessionFactory sessions) {
    this.jdbi = jdbi;
    this.sessions = sessions;
  }

  /** All of them. */
  @GET
  public List<String> names() {
    return jdbi.withHandle(
        handle ->
            handle.createQuery("select name from item order by name").mapTo(String.class).list());
  }

  /** Adds one by Jdbi. */
  @POST
  @Path("/jdbi/{name}")
  public int add(@PathParam("name") String name) {
    return jdbi.withHandle(handle -> handle.execute("insert into item values (?)", name));
  }

  /** Adds one by Hibernate. */
  @POST
  @Path("/hibernate/{name}")
  @UnitOfWork
  public String addByHibernate(@PathParam("name") String name) {
    Item item = new Item(name);
    sessions.getCurrentSession().persist(item);
    return item.name();
  }

  /** Answers when nobody else has that advisory lock, by a connection that it takes after that. */
  @GET
  @Path("/slow/{lock}")
  public String waitFor(@PathParam("lock") long lock) {
    jdbi.useHandle(handle -> handle.execute("select pg_advisory_xact_lock(?)", lock));
    return jdbi.withHandle(
        handle -> handle.createQuery("select 'served'").mapTo(String.class).one());
  }
}
