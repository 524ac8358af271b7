package io.everpool.core.jdbc;

import java.io.ByteArrayInputStream;
import java.io.CharArrayReader;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.Writer;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLXML;
import java.sql.Struct;
import org.jspecify.annotations.Nullable;

/** Makes the faces of what a lease gives out beside statements and result sets. */
final class LeasedObjects {

  private LeasedObjects() {}

  static Array of(PooledConnection home, Array bare) {
    return bare == null ? bare : new ArrayFace(home, bare);
  }

  static Blob of(PooledConnection home, Blob bare) {
    return bare == null ? bare : new BlobFace(home, bare);
  }

  static Clob of(PooledConnection home, Clob bare) {
    if (bare instanceof NClob national) {
      return new NClobFace(home, national);
    }
    return bare == null ? bare : new ClobFace(home, bare);
  }

  static NClob of(PooledConnection home, NClob bare) {
    return bare == null ? bare : new NClobFace(home, bare);
  }

  static ParameterMetaData of(PooledConnection home, ParameterMetaData bare) {
    return bare == null ? bare : new ParameterMetaDataFace(home, bare);
  }

  static Ref of(PooledConnection home, Ref bare) {
    return bare == null ? bare : new RefFace(home, bare);
  }

  static ResultSetMetaData of(PooledConnection home, ResultSetMetaData bare) {
    return bare == null ? bare : new ResultSetMetaDataFace(home, bare);
  }

  static SQLXML of(PooledConnection home, SQLXML bare) {
    return bare == null ? bare : new SqlXmlFace(home, bare);
  }

  static Struct of(PooledConnection home, Struct bare) {
    return bare == null ? bare : new StructFace(home, bare);
  }

  /**
   * The face of a stream. A stream of the JDK's that is held in memory needs none, for it has
   * nothing to do with the connection any more.
   */
  static InputStream of(PooledConnection home, InputStream bare) {
    return bare == null || bare.getClass() == ByteArrayInputStream.class
        ? bare
        : new LeasedStreams.Input(home, bare);
  }

  static OutputStream of(PooledConnection home, OutputStream bare) {
    return bare == null ? bare : new LeasedStreams.Output(home, bare);
  }

  /** As {@link #of(PooledConnection, InputStream)}. */
  static Reader of(PooledConnection home, Reader bare) {
    return bare == null
            || bare.getClass() == StringReader.class
            || bare.getClass() == CharArrayReader.class
        ? bare
        : new LeasedStreams.TextInput(home, bare);
  }

  static Writer of(PooledConnection home, Writer bare) {
    return bare == null ? bare : new LeasedStreams.TextOutput(home, bare);
  }

  /** A value of whatever kind, as {@code getObject} has it; a cursor comes as a result set. */
  @SuppressWarnings("NullAway") // it returns null only for null
  static Object value(PooledConnection home, @Nullable Object value) {
    // most values are one of these, and their class alone tells
    if (value == null || value instanceof String || value instanceof Number) {
      return value;
    }
    if (value instanceof ResultSet rows) {
      return new UnlistedResultSet(home, rows);
    }
    if (value instanceof Array array) {
      return of(home, array);
    }
    if (value instanceof Blob blob) {
      return of(home, blob);
    }
    if (value instanceof Clob clob) {
      return of(home, clob);
    }
    if (value instanceof SQLXML xml) {
      return of(home, xml);
    }
    if (value instanceof Struct struct) {
      return of(home, struct);
    }
    if (value instanceof Ref ref) {
      return of(home, ref);
    }
    if (value instanceof InputStream in) {
      return of(home, in);
    }
    if (value instanceof Reader in) {
      return of(home, in);
    }
    return value instanceof Object[] several ? values(home, several) : value;
  }

  /** The elements of an array, or the attributes of a structure, which a driver may keep. */
  static @Nullable Object[] values(PooledConnection home, @Nullable Object[] several) {
    if (several == null) {
      return several;
    }
    Class<?> element = several.getClass().getComponentType();
    if (element != Object.class && !element.isInterface() && !element.isArray()) {
      return several;
    }
    @Nullable Object[] faces = several;
    for (int i = 0; i < several.length; i++) {
      Object face = value(home, several[i]);
      if (face != several[i]) {
        if (faces == several) {
          faces = several.clone();
        }
        faces[i] = face;
      }
    }
    return faces;
  }

  /** The same for {@code getObject} with a class: returns a face only if it is of that class. */
  static <T> T value(PooledConnection home, T value, Class<T> type) {
    Object face = value(home, value);
    return type.isInstance(face) ? type.cast(face) : value;
  }

  public static final class ArrayFace extends ForwardingArray implements Array {
    ArrayFace(PooledConnection home, Array bare) {
      super(home, bare);
    }
  }

  public static final class BlobFace extends ForwardingBlob implements Blob {
    BlobFace(PooledConnection home, Blob bare) {
      super(home, bare);
    }
  }

  public static final class ClobFace extends ForwardingClob implements Clob {
    ClobFace(PooledConnection home, Clob bare) {
      super(home, bare);
    }
  }

  public static final class NClobFace extends ForwardingNClob implements NClob {
    NClobFace(PooledConnection home, NClob bare) {
      super(home, bare);
    }
  }

  public static final class ParameterMetaDataFace extends ForwardingParameterMetaData
      implements ParameterMetaData {
    ParameterMetaDataFace(PooledConnection home, ParameterMetaData bare) {
      super(home, bare);
    }
  }

  public static final class RefFace extends ForwardingRef implements Ref {
    RefFace(PooledConnection home, Ref bare) {
      super(home, bare);
    }
  }

  public static final class ResultSetMetaDataFace extends ForwardingResultSetMetaData
      implements ResultSetMetaData {
    ResultSetMetaDataFace(PooledConnection home, ResultSetMetaData bare) {
      super(home, bare);
    }
  }

  public static final class SqlXmlFace extends ForwardingSQLXML implements SQLXML {
    SqlXmlFace(PooledConnection home, SQLXML bare) {
      super(home, bare);
    }
  }

  public static final class StructFace extends ForwardingStruct implements Struct {
    StructFace(PooledConnection home, Struct bare) {
      super(home, bare);
    }
  }
}
