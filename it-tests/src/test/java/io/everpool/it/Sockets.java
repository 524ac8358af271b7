package io.everpool.it;

import java.lang.reflect.Field;
import java.net.Socket;
import java.net.SocketOption;
import java.sql.Connection;
import jdk.net.ExtendedSocketOptions;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.PGStream;
import org.postgresql.core.QueryExecutorBase;

/** The socket under a connection. */
final class Sockets {
  private Sockets() {}

  /** When the kernel asks a silent peer whether it is there; seconds. */
  record Options(boolean keepAlive, int idle, int interval, int count) {}

  static Options options(Connection connection) throws Exception {
    // pgjdbc shows its socket to nobody
    Field stream = QueryExecutorBase.class.getDeclaredField("pgStream");
    stream.setAccessible(true);
    Socket socket =
        ((PGStream) stream.get(connection.unwrap(BaseConnection.class).getQueryExecutor()))
            .getSocket();
    return new Options(
        socket.getKeepAlive(),
        number(socket, ExtendedSocketOptions.TCP_KEEPIDLE),
        number(socket, ExtendedSocketOptions.TCP_KEEPINTERVAL),
        number(socket, ExtendedSocketOptions.TCP_KEEPCOUNT));
  }

  private static int number(Socket socket, SocketOption<Integer> option) throws Exception {
    return socket.getOption(option);
  }
}
