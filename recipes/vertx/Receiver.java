import io.vertx.core.AbstractVerticle;

/** Prints whatever is published at "news-feed" anywhere in the cluster. */
public class Receiver extends AbstractVerticle {
  @Override
  public void start() {
    vertx
        .eventBus()
        .<String>consumer("news-feed", news -> System.out.println("Received news: " + news.body()))
        .completionHandler(done -> System.out.println("Ready for news: " + done.succeeded()));
  }
}
