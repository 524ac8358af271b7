package io.everpool.examples.demo;

import com.google.inject.Inject;
import io.everpool.jdbi.EverpoolJdbi;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Compares what is in the database with what the application was told. */
final class Audit {
  private static final String COUNTS =
      "select id, count(*) as times from everpool_demo.transfer group by id";
  private static final String UNBALANCED =
      "select count(*) from everpool_demo.account where balance <> :initial"
          + " + (select coalesce(sum(amount), 0) from everpool_demo.transfer where payee = account.id)"
          + " - (select coalesce(sum(amount), 0) from everpool_demo.transfer where payer = account.id)";

  private final Jdbi jdbi;

  @Inject
  Audit(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  /** Returns a line for each thing that is wrong; the list is empty if the books balance. */
  List<String> problems(Collection<UUID> acknowledged) {
    return EverpoolJdbi.readOnly(jdbi)
        .labelled("audit")
        .inTransaction(handle -> problems(handle, acknowledged));
  }

  private static List<String> problems(Handle handle, Collection<UUID> acknowledged) {
    List<String> problems = new ArrayList<>();
    long total =
        handle
            .createQuery("select sum(balance) from everpool_demo.account")
            .mapTo(Long.class)
            .one();
    long expected = Branch.ACCOUNTS * Branch.INITIAL_BALANCE;
    if (total != expected) {
      problems.add("there are " + total + " cents, but there were " + expected);
    }
    long unbalanced =
        handle
            .createQuery(UNBALANCED)
            .bind("initial", Branch.INITIAL_BALANCE)
            .mapTo(Long.class)
            .one();
    if (unbalanced != 0) {
      problems.add(unbalanced + " accounts don't match their transfers");
    }
    Map<UUID, Integer> times =
        handle
            .createQuery(COUNTS)
            .setMapKeyColumn("id")
            .setMapValueColumn("times")
            .collectInto(new org.jdbi.v3.core.generic.GenericType<HashMap<UUID, Integer>>() {});
    for (UUID transfer : acknowledged) {
      Integer count = times.remove(transfer);
      if (count == null) {
        problems.add("transfer " + transfer + " was acknowledged and is lost");
      } else if (count > 1) {
        problems.add("transfer " + transfer + " was done " + count + " times");
      }
    }
    if (!times.isEmpty()) {
      problems.add(times.size() + " transfers were done and never acknowledged");
    }
    return problems;
  }
}
