package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import java.io.File;
import java.net.URISyntaxException;
import java.util.List;
import java.util.stream.IntStream;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.asset.EmptyAsset;
import org.jboss.shrinkwrap.api.asset.StringAsset;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.Test;
import org.kvstore.client.KeyValueClient;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.visits.VisitsApplication;
import org.kvstore.it.visits.VisitsResource;

/** Another Jakarta application uses the store by {@code @Inject}, on the same server. */
class JakartaClientIT extends Deployed {
  private static final int VISITORS = 8;

  private final String key = "visits of \u00E9l\u00E9phant/" + System.nanoTime();

  @Deployment(testable = false)
  static WebArchive visits() throws URISyntaxException {
    String url = "kvstore/mp-rest/url=http://127.0.0.1:" + Integer.getInteger("it.http.port");
    return ShrinkWrap.create(WebArchive.class, "visits.war")
        .addClasses(VisitsApplication.class, VisitsResource.class)
        .addAsLibrary(
            new File(
                KeyValueClient.class.getProtectionDomain().getCodeSource().getLocation().toURI()))
        .addAsWebInfResource(EmptyAsset.INSTANCE, "beans.xml")
        .addAsResource(new StringAsset(url + "\n"), "META-INF/microprofile-config.properties");
  }

  @Test
  void injectedClient_countsVisitsByCompareAndSet() throws Exception {
    List<String> counts = Bulk.race(VISITORS, () -> visit("POST").expect(200).text());

    assertThat(counts)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.rangeClosed(1, VISITORS).mapToObj(Integer::toString).toList());
    Answer stored = service.get(target(key)).send().expect(200);
    assertThat(stored.text()).isEqualTo("" + VISITORS);
    assertThat(visit("GET").expect(200).text()).isEqualTo(stored.etag() + " " + VISITORS);
  }

  private Answer visit(String method) {
    return service.request(method, "/visits/visits?key=" + parameter(key)).send();
  }
}
