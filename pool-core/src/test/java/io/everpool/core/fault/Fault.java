package io.everpool.core.fault;

import java.sql.BatchUpdateException;
import java.sql.SQLException;

/** What a call of somebody else's code may do instead of what it should. */
public enum Fault {
  CALLERS_MISTAKE {
    @Override
    Throwable thrown() {
      return new SQLException("the caller's mistake", "22001");
    }
  },
  CONNECTION_LOST {
    @Override
    Throwable thrown() {
      return new SQLException("the connection is lost", "08006");
    }
  },
  LOSS_IN_NEXT_EXCEPTION {
    @Override
    Throwable thrown() {
      SQLException failure = new BatchUpdateException("a batch failed", "23505", new int[0]);
      failure.setNextException(new SQLException("the connection is lost", "08006"));
      return failure;
    }
  },
  RUNTIME_EXCEPTION {
    @Override
    Throwable thrown() {
      return new IllegalStateException("a mistake of the driver's");
    }
  },
  STACK_OVERFLOW {
    @Override
    Throwable thrown() {
      return new StackOverflowError("within the driver");
    }
  },
  OUT_OF_MEMORY {
    @Override
    Throwable thrown() {
      return new OutOfMemoryError("within the driver");
    }
  },
  CLASS_MISSING {
    @Override
    Throwable thrown() {
      return new NoClassDefFoundError("a/class/of/the/driver");
    }
  },
  /** Returns null where it has an object to return. */
  ANSWERS_NULL {
    @Override
    Throwable thrown() {
      return NULL;
    }
  },
  /** Doesn't return until it is told to. */
  HANGS {
    @Override
    Throwable thrown() {
      throw new AssertionError("it throws nothing");
    }
  };

  /** Stands for an answer of null; is never thrown. */
  static final Throwable NULL = new AssertionError("null is answered instead");

  abstract Throwable thrown();

  /** Throws what the compiler doesn't know of. */
  @SuppressWarnings({"unchecked", "DoNotCallSuggester"})
  static <T extends Throwable> void sneak(Throwable thrown) throws T {
    throw (T) thrown;
  }
}
