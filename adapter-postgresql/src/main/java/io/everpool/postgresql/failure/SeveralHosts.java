package io.everpool.postgresql.failure;

import io.everpool.api.Verdict;
import io.everpool.postgresql.socket.HostEnd;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The failure that counts where a login has failed at several hosts. pgjdbc goes on to the next
 * host and throws what the last one has said. But whether it is worth trying again, and how soon,
 * is for that host to say which may let a login in first, wherever it stands in the URL. The others
 * become {@link OtherHost}s.
 *
 * <p>Of two failures the one with the lower {@link #rank} counts; of equals the driver's own, and
 * where that is none of them the later one.
 */
public final class SeveralHosts {

  /** Before and after all ranks. */
  private static final int FIRST = -1;

  private static final int REFUSING = 3;
  private static final int LAST = 4;

  /** Of one host, or of several of which the driver has said one thing. */
  private record Said(String host, SQLException failure, int rank) {
    static Said of(String host, SQLException failure) {
      Verdict verdict = FailureRules.whileConnecting(failure).verdict();
      return new Said(host, failure, SeveralHosts.rank(verdict));
    }

    static Said of(HostFailure failure) {
      return of(failure.host(), failure.failure());
    }

    Said withRank(int other) {
      return new Said(host, failure, other);
    }
  }

  /** What {@code targetServerType} says of the kind of the server. */
  public enum Kind {
    /** Each will do. */
    ANY,

    /** The driver goes on where a host isn't of that kind, and takes it in the end. */
    PREFERRED,

    /** The driver takes no other one. */
    REQUIRED;

    /** By the property's value. */
    public static Kind of(String targetServerType) {
      String type = targetServerType.toLowerCase(Locale.ROOT);
      return type.equals("any") ? ANY : type.startsWith("prefer") ? PREFERRED : REQUIRED;
    }
  }

  private SeveralHosts() {}

  /**
   * A server that is there and full takes a login as soon as somebody leaves, and is annoyed by
   * whoever asks it too often; so is a proxy. One that is away or starting may let the login in
   * soon. One that refuses it for good keeps nobody from waiting for these.
   */
  static int rank(Verdict verdict) {
    return switch (verdict) {
      case OUT_OF_SLOTS -> 0;
      case PROXY_UNAVAILABLE -> 1;
      case ACCESS_DENIED, REFUSED -> REFUSING;
      default -> 2;
    };
  }

  /**
   * The failure that counts, which has the others among its suppressed ones.
   *
   * @param thrown by the driver: what the last host has said, or that none is of the wanted kind
   * @param ends what has become of the login at each host that the driver has asked, in its order;
   *     there is one
   * @param kind for which the driver goes on where a host isn't of it
   */
  public static HostFailure of(SQLException thrown, List<HostEnd> ends, Kind kind) {
    boolean noneWanted = FailureRules.isNoneOfTheWantedKind(thrown);
    if (ends.size() == 1 && !noneWanted) {
      return new HostFailure(ends.get(0).host(), thrown);
    }
    List<HostEnd> others = new ArrayList<>(ends);
    HostEnd last = noneWanted ? null : others.remove(others.size() - 1);
    List<Said> said = new ArrayList<>();
    for (HostEnd end : others) {
      SQLException failure = end.failure();
      if (failure != null) {
        said.add(Said.of(end.host(), failure));
      } else if (!end.letIn()) {
        said.add(new Said(end.host(), unsaid(), LAST));
      } else if (kind != Kind.ANY && !noneWanted) {
        said.add(Said.of(end.host(), notOfTheWantedKind()));
      }
    }
    return counting(last == null ? ofAll(thrown, ends, said, kind) : ofLast(thrown, last), said);
  }

  /** What is wrong for good and no host has said is so on this side: no other host mends it. */
  private static Said ofLast(SQLException thrown, HostEnd last) {
    Said own = Said.of(last.host(), thrown);
    return last.failure() == null && own.rank == REFUSING ? own.withRank(FIRST) : own;
  }

  /**
   * The driver says that none is of the wanted kind. Where it merely prefers a kind it says so of
   * hosts, too, that have let nobody in; then what the last of these has said is taken for it.
   * Where it requires one it has turned a host away; if none is known to have let the login in,
   * that is one of those of which nothing is known.
   */
  private static Said ofAll(SQLException thrown, List<HostEnd> ends, List<Said> said, Kind kind) {
    List<HostEnd> turnedAway =
        ends.stream().filter(end -> end.letIn() && end.failure() == null).toList();
    if (turnedAway.isEmpty()) {
      turnedAway = ends.stream().filter(HostEnd::isUnknown).toList();
      boolean required = kind == Kind.REQUIRED && !turnedAway.isEmpty();
      for (int i = said.size() - 1; i >= 0 && !required; i--) {
        if (said.get(i).rank < LAST) {
          return said.remove(i);
        }
      }
      said.removeIf(one -> one.rank == LAST); // what the driver says is said of these
    }
    String hosts = turnedAway.stream().map(HostEnd::host).collect(Collectors.joining(","));
    return Said.of(hosts, thrown);
  }

  private static SQLException unsaid() {
    return new SQLException("the driver has ended this login and doesn't say why", "08006");
  }

  private static SQLException notOfTheWantedKind() {
    return new SQLException("The server isn't of the kind that targetServerType wants", "08001");
  }

  /** The one of two that counts; each may have others among its suppressed ones already. */
  public static HostFailure of(HostFailure one, HostFailure other) {
    HostFailure counts = counting(Said.of(one), new ArrayList<>(List.of(Said.of(other))));
    HostFailure loses = counts.failure() == one.failure() ? other : one;
    for (Throwable suppressed : loses.failure().getSuppressed()) {
      if (suppressed instanceof OtherHost || suppressed instanceof Timelines.Superseded) {
        counts.failure().addSuppressed(suppressed);
      }
    }
    return counts;
  }

  private static HostFailure counting(Said own, List<Said> others) {
    Said best = own;
    for (Said one : others) {
      if (one.rank < best.rank || (!best.equals(own) && one.rank == best.rank)) {
        best = one;
      }
    }
    if (!best.equals(own)) {
      others.remove(best);
      others.add(own);
    }
    for (Said other : others) {
      best.failure.addSuppressed(OtherHost.of(other.host, other.failure));
    }
    return new HostFailure(best.host, best.failure);
  }
}
