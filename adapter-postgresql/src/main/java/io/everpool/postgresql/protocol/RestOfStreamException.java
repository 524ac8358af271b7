package io.everpool.postgresql.protocol;

import java.io.IOException;
import java.io.Serial;

/**
 * A COPY is cut before its end is sent: it may have but what a run before has left of a stream.
 *
 * @see io.everpool.api.driver.PhysicalConnection#expectStreamed
 */
public final class RestOfStreamException extends IOException {
  @Serial private static final long serialVersionUID = 1L;

  RestOfStreamException() {
    super(
        "This COPY was cut before its end: it would have sent what a run before it has left of a"
            + " stream. Open the stream within the work");
  }
}
