package io.everpool.api;

/** What becomes of work that only reads when no reader can take it. */
public enum ReaderFallback {
  /** The writer does it, as if there were no readers. */
  WRITER,
  /** The work fails: the writer must never carry what the readers carry. */
  FAIL
}
