import io.vertx.core.AbstractVerticle;

/** Publishes a thousand pieces of news, one every five milliseconds. */
public class Sender extends AbstractVerticle {
  private static final int COUNT = 1000;
  private int sent;

  @Override
  public void start() {
    vertx.setPeriodic(
        5,
        timer -> {
          vertx.eventBus().publish("news-feed", "Some news!");
          if (++sent < COUNT) return;
          vertx.cancelTimer(timer);
          System.out.println("Published " + sent);
        });
  }
}
