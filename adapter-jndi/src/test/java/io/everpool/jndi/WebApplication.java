package io.everpool.jndi;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import javax.naming.InitialContext;
import javax.naming.NamingException;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.startup.Tomcat;

/** A web application in a Tomcat of its own, with resources in its {@code META-INF/context.xml}. */
final class WebApplication implements AutoCloseable {
  private final Tomcat tomcat = new Tomcat();
  private final Context context;
  private final Warnings warnings = new Warnings();

  private WebApplication(Path folder) {
    tomcat.setBaseDir(folder.resolve("tomcat").toString());
    tomcat.enableNaming();
    tomcat.setAddDefaultWebXmlToWebapp(false);
    context = tomcat.addWebapp("/shop", folder.resolve("shop").toString());
  }

  /**
   * Starts it.
   *
   * @param folder an empty one
   * @param resources the elements {@code <Resource .../>}
   */
  static WebApplication start(Path folder, String resources) throws Exception {
    Path file = folder.resolve("shop/META-INF/context.xml");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file, "<Context><JarScanner scanClassPath='false'/>" + resources + "</Context>");
    WebApplication application = new WebApplication(folder);
    try {
      application.tomcat.start();
      if (application.context.getState() != LifecycleState.STARTED) {
        throw new AssertionError("it didn't start: " + application.warnings());
      }
    } catch (Exception | AssertionError e) {
      application.close();
      throw e;
    }
    return application;
  }

  /** Looks a resource up as code of the application does. */
  Object lookUp(String name) throws NamingException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(context.getLoader().getClassLoader());
    try {
      return new InitialContext().lookup("java:comp/env/" + name);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** Stops the application, and not the container. */
  void stop() throws LifecycleException {
    context.stop();
  }

  /** What the container has warned of, stack traces included. */
  List<String> warnings() {
    return List.copyOf(warnings.lines);
  }

  @Override
  public void close() throws LifecycleException {
    try {
      tomcat.stop();
      tomcat.destroy();
    } finally {
      warnings.close();
    }
  }

  /** Listens to the container's log in the place of the console. */
  private static final class Warnings extends Handler {
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());

    /** Held here, lest what is set of it be forgotten. */
    private final Logger tomcats = Logger.getLogger("org.apache");

    private Warnings() {
      setFormatter(new SimpleFormatter());
      tomcats.setUseParentHandlers(false);
      tomcats.addHandler(this);
    }

    @Override
    public void publish(LogRecord line) {
      String text = getFormatter().format(line);
      boolean ofThisJvm = text.contains("--add-opens"); // what Tomcat can't look for in it
      if (line.getLevel().intValue() >= Level.WARNING.intValue() && !ofThisJvm) {
        lines.add(text);
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      tomcats.removeHandler(this);
      tomcats.setUseParentHandlers(true);
    }
  }
}
