package io.everpool.examples.demo;

import java.util.List;
import org.jdbi.v3.core.Jdbi;

/** Ends sessions of the application behind its back, through sessions of its own. */
final class Saboteur {
  private final Jdbi jdbi;
  private final String victim;
  private int kills;

  /**
   * @param jdbi opens other sessions than the application's, with the same role
   * @param victim the application name of the sessions that are ended; no others are touched
   */
  Saboteur(Jdbi jdbi, String victim) {
    this.jdbi = jdbi;
    this.victim = victim;
  }

  /** Ends one session, the one that has been at work for longest; returns how many were ended. */
  int killOne() {
    return kill(1);
  }

  /** Ends every session of the application; returns how many were ended. */
  int killAll() {
    return kill(Integer.MAX_VALUE);
  }

  int kills() {
    return kills;
  }

  private int kill(int atMost) {
    List<Boolean> ended =
        jdbi.withHandle(
            handle ->
                handle
                    .createQuery(
                        "select pg_terminate_backend(pid) from (select pid from pg_stat_activity"
                            + " where application_name = :victim and usename = current_user"
                            + " order by state_change limit :most) as victims")
                    .bind("victim", victim)
                    .bind("most", atMost)
                    .mapTo(Boolean.class)
                    .list());
    int count = (int) ended.stream().filter(Boolean::booleanValue).count();
    kills += count;
    return count;
  }
}
