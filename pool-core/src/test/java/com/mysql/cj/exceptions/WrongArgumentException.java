package com.mysql.cj.exceptions;

/** As MySQL's driver has it, which these tests do without. */
public final class WrongArgumentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public WrongArgumentException(String message) {
    super(message);
  }
}
