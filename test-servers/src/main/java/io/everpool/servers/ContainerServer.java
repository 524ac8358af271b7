package io.everpool.servers;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotModifiedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** A server in a container. It has no {@link Ability#REPLICA}: its files are out of reach. */
final class ContainerServer extends PostgresServer {
  private static final String IMAGE = System.getProperty("tests.postgres-image", "postgres:17");

  private final PostgreSQLContainer container;
  private final Port port;

  private ContainerServer(ServerSettings settings, PostgreSQLContainer container, Port port) {
    super(settings);
    this.container = container;
    this.port = port;
  }

  static ContainerServer boot(ServerSettings settings) {
    List<String> command = new ArrayList<>(List.of("postgres"));
    for (Map.Entry<String, String> parameter : settings.allParameters().entrySet()) {
      command.addAll(List.of("-c", parameter.getKey() + "=" + parameter.getValue()));
    }
    Port port = Port.claim();
    PostgreSQLContainer container = new PostgreSQLContainer(IMAGE);
    container.withUsername(ADMIN).withPassword(settings.password()).withDatabaseName(ADMIN);
    container.withCommand(command.toArray(new String[0]));
    // a port that the engine chooses would change with a restart
    container.setPortBindings(List.of(port.number() + ":5432"));
    try {
      container.start();
      ContainerServer server = new ContainerServer(settings, container, port);
      server.createDatabase();
      return server;
    } catch (RuntimeException | Error e) {
      container.stop();
      port.close();
      throw e;
    }
  }

  private DockerClient docker() {
    return container.getDockerClient();
  }

  private String id() {
    return container.getContainerId();
  }

  @Override
  public String host() {
    return container.getHost();
  }

  @Override
  public int port() {
    return port.number();
  }

  @Override
  public Set<Ability> abilities() {
    return allBut(Ability.REPLICA);
  }

  @Override
  public void stop(Shutdown how) {
    end("SIG" + how.signal());
  }

  /** The postmaster is the container's first process and ends with all others. */
  private void end(String signal) {
    if (running()) {
      docker().killContainerCmd(id()).withSignal(signal).exec();
      Await.until(PATIENCE, () -> !running(), "the end of PostgreSQL");
    }
  }

  private boolean running() {
    return Boolean.TRUE.equals(docker().inspectContainerCmd(id()).exec().getState().getRunning());
  }

  @Override
  public void startAgain() {
    try {
      docker().startContainerCmd(id()).exec();
    } catch (NotModifiedException e) {
      throw new IllegalStateException("runs already", e);
    }
    Await.until(PATIENCE, this::answers, "PostgreSQL to start");
  }

  private boolean answers() {
    try (Connection connection = adminConnection()) {
      return connection.isValid(1);
    } catch (SQLException e) {
      return false;
    }
  }

  @Override
  public void crash() {
    end("SIGKILL");
  }

  @Override
  public void freeze() {
    docker().pauseContainerCmd(id()).exec();
  }

  @Override
  public void thaw() {
    docker().unpauseContainerCmd(id()).exec();
  }

  @Override
  public void killBackend(int pid) {
    try {
      container.execInContainer("sh", "-c", "kill -9 " + pid);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Override
  public String log() {
    return container.getLogs();
  }

  @Override
  public void close() {
    try {
      thaw();
    } catch (DockerException e) {
      // it wasn't frozen, or isn't there any more
    }
    container.stop();
    port.close();
  }
}
