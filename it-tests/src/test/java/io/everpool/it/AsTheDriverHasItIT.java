package io.everpool.it;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What pgjdbc's own connection says, asked of it and of the pool's. */
class AsTheDriverHasItIT {

  private static Connection bare() throws SQLException {
    return DriverManager.getConnection(
        Db.server().jdbcUrl(), Db.server().user(), Db.server().password());
  }

  private static Pool pool() throws SQLException {
    return Everpool.open(Db.config("as-bare").minSize(1).maxSize(1).build());
  }

  // ---- client info that is not set

  /** How a connection comes to its end. */
  enum End {
    CLOSED {
      @Override
      void befall(Connection connection) throws SQLException {
        connection.close();
      }
    },
    ABORTED {
      @Override
      void befall(Connection connection) throws SQLException {
        connection.abort(Runnable::run);
      }
    },
    KILLED {
      @Override
      void befall(Connection connection) throws SQLException {
        Db.server().terminate(Db.pid(connection));
      }
    };

    abstract void befall(Connection connection) throws SQLException;
  }

  enum ClientInfo {
    ONE {
      @Override
      void set(Connection connection) throws SQLClientInfoException {
        connection.setClientInfo("ApplicationName", "till");
      }
    },
    ONE_TO_NULL {
      @Override
      void set(Connection connection) throws SQLClientInfoException {
        connection.setClientInfo("ApplicationName", null);
      }
    },
    SEVERAL {
      @Override
      void set(Connection connection) throws SQLClientInfoException {
        Properties several = new Properties();
        several.setProperty("ApplicationName", "till");
        several.setProperty("ClientUser", "smith");
        connection.setClientInfo(several);
      }
    },
    NONE {
      @Override
      void set(Connection connection) throws SQLClientInfoException {
        connection.setClientInfo(new Properties());
      }
    };

    abstract void set(Connection connection) throws SQLClientInfoException;
  }

  static Stream<Arguments> endsAndClientInfo() {
    return Arrays.stream(End.values())
        .flatMap(end -> Stream.of(ClientInfo.values()).map(info -> Arguments.of(end, info)));
  }

  @ParameterizedTest
  @MethodSource("endsAndClientInfo")
  void clientInfoThatIsNotSetIsNamed(End end, ClientInfo info) throws SQLException {
    SQLClientInfoException expected;
    try (Connection bare = bare()) {
      expected = refusal(bare, end, info);
    }
    try (Pool pool = pool();
        Connection connection = pool.getConnection()) {
      SQLClientInfoException thrown = refusal(connection, end, info);
      assertThat(thrown.getFailedProperties()).isEqualTo(expected.getFailedProperties());
    }
  }

  private static SQLClientInfoException refusal(Connection connection, End end, ClientInfo info)
      throws SQLException {
    end.befall(connection);
    return requireNonNull(
        catchThrowableOfType(SQLClientInfoException.class, () -> info.set(connection)));
  }

  // ---- what is the same

  /** What a program may ask for twice. */
  enum Thing {
    META_DATA {
      @Override
      Object of(ResultSet rows, PreparedStatement from) throws SQLException {
        return from.getConnection().getMetaData();
      }
    },
    ROWS {
      @Override
      Object of(ResultSet rows, PreparedStatement from) throws SQLException {
        return from.getResultSet();
      }
    },
    THE_ROWS_STATEMENT {
      @Override
      Object of(ResultSet rows, PreparedStatement from) throws SQLException {
        return rows.getStatement();
      }
    },
    META_DATA_OF_ROWS {
      @Override
      Object of(ResultSet rows, PreparedStatement from) throws SQLException {
        return rows.getMetaData();
      }
    },
    META_DATA_OF_A_STATEMENT {
      @Override
      Object of(ResultSet rows, PreparedStatement from) throws SQLException {
        return from.getMetaData();
      }
    },
    PARAMETERS {
      @Override
      Object of(ResultSet rows, PreparedStatement from) throws SQLException {
        return from.getParameterMetaData();
      }
    },
    ARRAY {
      @Override
      Object of(ResultSet rows, PreparedStatement from) throws SQLException {
        return rows.getArray(1);
      }
    };

    abstract Object of(ResultSet rows, PreparedStatement from) throws SQLException;
  }

  @ParameterizedTest
  @EnumSource(Thing.class)
  void whatIsTheSameIsEqual(Thing thing) throws SQLException {
    try (Connection bare = bare();
        Pool pool = pool();
        Connection connection = pool.getConnection()) {
      boolean expected = areEqual(bare, thing);
      assertThat(areEqual(connection, thing)).isEqualTo(expected);
    }
  }

  private static boolean areEqual(Connection connection, Thing thing) throws SQLException {
    try (PreparedStatement from = connection.prepareStatement("select array[1, 2]");
        ResultSet rows = from.executeQuery()) {
      rows.next();
      Object one = thing.of(rows, from);
      Object two = thing.of(rows, from);
      assertThat(one).isNotEqualTo(null).isNotEqualTo("something else");
      assertThat(one.equals(two)).isEqualTo(two.equals(one));
      if (one.equals(two)) {
        assertThat(one).hasSameHashCodeAs(two);
      }
      return one.equals(two);
    }
  }
}
