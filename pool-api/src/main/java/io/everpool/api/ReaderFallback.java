package io.everpool.api;

/** What becomes of work that only reads when no reader can take it. */
public enum ReaderFallback {
  /** The writer does it, as if there were no readers. */
  WRITER,
  /** It fails: the writer is never to carry what the readers carry. */
  FAIL
}
