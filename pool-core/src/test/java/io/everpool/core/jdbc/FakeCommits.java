package io.everpool.core.jdbc;

import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a fake driver's connections say of commits; its fields say what. */
public final class FakeCommits {

  /** Names a transaction of the fake database. */
  public record Ticket(String transactionId) implements CommitTicket {
    @Override
    public String toString() {
      return transactionId;
    }
  }

  /** Whether the database is asked instead of what follows. */
  public boolean truthful;

  /** What is answered instead of the truth: a status, or a failure; null for the truth. */
  public Supplier<@Nullable Object> insteadOfTruth = () -> null;

  /** Whether it can tell at all. */
  public boolean told = true;

  /** What is given out; null for a transaction that has written nothing. */
  public @Nullable CommitTicket ticket = new Ticket("42");

  /** What is answered next, one after the other: a status, or a failure. */
  public final Deque<Object> answers = new ArrayDeque<>();

  /** What asking for a ticket throws, once. */
  public @Nullable SQLException ticketFailure;

  /** Run at each question. */
  public Runnable onAsked = () -> {};

  /** How often a ticket was asked for. */
  public int tickets;

  public final List<CommitTicket> asked = new ArrayList<>();
  public final List<CommitTicket> ended = new ArrayList<>();

  /** Whether another statement is run in place of the next COMMIT. */
  public boolean mistaken;

  /** What ending a transaction throws, one after the other. */
  public final Deque<Exception> endFailures = new ArrayDeque<>();

  @Nullable CommitTicket ticket() throws SQLException {
    tickets++;
    SQLException failure = ticketFailure;
    if (failure != null) {
      ticketFailure = null;
      throw failure;
    }
    if (!told) {
      throw new SQLFeatureNotSupportedException("can't tell");
    }
    return ticket;
  }

  CommitStatus status(CommitTicket of) throws SQLException {
    asked.add(of);
    onAsked.run();
    return said(answers.poll());
  }

  void end(CommitTicket of) throws SQLException {
    ended.add(of);
    Exception failure = endFailures.poll();
    if (failure instanceof RuntimeException mistake) {
      throw mistake;
    }
    if (failure instanceof SQLException denied) {
      throw denied;
    }
  }

  CommitStatus said(@Nullable Object answer) throws SQLException {
    if (answer instanceof SQLException failure) {
      throw failure;
    }
    return answer == null ? CommitStatus.UNKNOWN : (CommitStatus) answer;
  }
}
