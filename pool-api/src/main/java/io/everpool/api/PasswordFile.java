package io.everpool.api;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file that holds a password, as orchestrators mount them. A failure tells the file's name, never
 * what is in it. Thread-safe.
 */
final class PasswordFile implements CredentialsProvider {

  /** What is larger is no password; bytes. */
  private static final int LARGEST = 64 * 1024;

  private static final Pattern LINE_ENDS = Pattern.compile("[\\r\\n]+\\z");

  /**
   * A text that begins as a path, goes through a folder, and has only characters of file names. A
   * token or a random password may well have a / in it, but also + or =.
   */
  private static final Pattern PATH =
      Pattern.compile(
          "(?:[/\\\\]{1,2}(?=[^/\\\\]+[/\\\\])|\\.{1,2}[/\\\\]|~[/\\\\]|[A-Za-z]:[/\\\\])"
              + "[\\p{L}\\p{M}\\p{N} ._/\\\\:~()-]*");

  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private final Path file;

  PasswordFile(Path file) {
    this.file = file;
  }

  /** Whether the name is more likely that of a file than a password at the wrong place. */
  static boolean isName(String text) {
    return PATH.matcher(text).matches();
  }

  @Override
  public Credentials credentials() throws SQLInvalidAuthorizationSpecException {
    String text = text(bytes());
    if (!text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK) {
      text = text.substring(1);
    }
    String password = LINE_ENDS.matcher(text).replaceFirst("");
    if (password.isEmpty()) {
      throw refused("is empty", null);
    }
    if (password.indexOf('\n') >= 0 || password.indexOf('\r') >= 0) {
      throw refused("has more than one line; it must hold the password and nothing else", null);
    }
    return Credentials.of(password);
  }

  private byte[] bytes() throws SQLInvalidAuthorizationSpecException {
    if (Files.isDirectory(file)) {
      throw refused("is a directory", null);
    }
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(LARGEST + 1);
    } catch (NoSuchFileException e) {
      throw refused("doesn't exist", e);
    } catch (AccessDeniedException e) {
      throw refused("may not be read by this process", e);
    } catch (IOException | SecurityException e) {
      throw refused("can't be read (" + e.getClass().getSimpleName() + ")", e);
    }
    if (bytes.length > LARGEST) {
      throw refused("is too large to hold a password", null);
    }
    return bytes;
  }

  private String text(byte[] bytes) throws SQLInvalidAuthorizationSpecException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw refused("isn't text in UTF-8", null);
    }
  }

  /**
   * What to throw. The system's own message isn't shown: it is only the file's name, which may be
   * the password itself.
   */
  private SQLInvalidAuthorizationSpecException refused(String why, @Nullable Exception cause) {
    String name = file.toString();
    return isName(name)
        ? new SQLInvalidAuthorizationSpecException(
            "The password file " + name + " " + why, "28000", cause)
        : new SQLInvalidAuthorizationSpecException(
            "The password file "
                + why
                + ". Its name isn't shown, for it is no plain path through a folder and may be the"
                + " password itself",
            "28000");
  }

  @Override
  public String toString() {
    return "PasswordFile[" + (isName(file.toString()) ? file : Redaction.MASK) + "]";
  }
}
