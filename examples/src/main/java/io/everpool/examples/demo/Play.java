package io.everpool.examples.demo;

import java.util.concurrent.TimeUnit;

/** What is done to the database while the tellers work. */
final class Play {
  private static final int SINGLE_KILLS = 10;
  private static final int MASSACRES = 3;

  private final Screen screen;
  private final Database database;
  private final Saboteur saboteur;
  private final Photographer photographer;
  private int restarts;

  Play(Screen screen, Database database, Saboteur saboteur, Photographer photographer) {
    this.screen = screen;
    this.database = database;
    this.saboteur = saboteur;
    this.photographer = photographer;
  }

  /** How many sessions were ended. */
  int kills() {
    return saboteur.kills();
  }

  /** How often the server was restarted. */
  int restarts() {
    return restarts;
  }

  void perform() throws InterruptedException {
    screen.title("8 tellers move money between 100 accounts, and all is well");
    TimeUnit.SECONDS.sleep(4);
    screen.title("now their connections are killed one by one");
    for (int i = 1; i <= SINGLE_KILLS; i++) {
      screen.strike("killed " + saboteur.killOne() + " backend");
      TimeUnit.MILLISECONDS.sleep(400);
    }
    TimeUnit.SECONDS.sleep(2);
    screen.title("now all at once, three times");
    for (int i = 1; i <= MASSACRES; i++) {
      screen.strike("killed all " + saboteur.killAll() + " backends");
      TimeUnit.MILLISECONDS.sleep(1500);
    }
    photographer.take("kill", "light");
    if (database.restartable()) {
      screen.title("now the server is restarted under them");
      screen.strike("shutting the server down and starting it again");
      photographer.takeOfOutage("restart", "dark");
      database.restart();
      restarts++;
      screen.strike("the server is back");
    } else {
      screen.title("this server isn't ours, so it isn't restarted");
    }
    TimeUnit.SECONDS.sleep(4);
  }
}
