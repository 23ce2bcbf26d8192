import com.hazelcast.client.HazelcastClient;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;

/** Puts so many entries into a map ("put 1000"), and counts those that are there as they were put. */
class Ask {
  public static void main(String[] words) {
    HazelcastInstance client = HazelcastClient.newHazelcastClient();
    IMap<Integer, String> news = client.getMap("news");
    if (words[0].equals("put")) {
      for (int n = 0; n < Integer.parseInt(words[1]); n++) news.set(n, "news " + n);
    }
    long right =
        news.entrySet().stream().filter(it -> it.getValue().equals("news " + it.getKey())).count();
    System.out.printf("The map has %d entries, %d as they were put%n", news.size(), right);
    client.shutdown();
  }
}
