package org.kvstore.it.access;

import static org.kvstore.it.access.SecuredServer.as;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.asset.EmptyAsset;
import org.jboss.shrinkwrap.api.asset.StringAsset;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kvstore.client.KeyValueClient;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;
import org.kvstore.it.visits.VisitsApplication;
import org.kvstore.it.visits.VisitsResource;

/**
 * Applications on another Liberty ask a store that wants to know for whom: one for whoever is
 * asking it, by MicroProfile's propagation of the JSON Web Token; one for itself, by its own token.
 */
@ExtendWith(ArquillianExtension.class)
@InTurn
class InjectedClientIT {
  private static final String PROPAGATION =
      "org.eclipse.microprofile.rest.client.propagateHeaders=Authorization\n";
  private static Issuer issuer;
  private static SecuredServer store;

  private final Service applications = new Service(Integer.getInteger("it.http.port"));

  @Deployment(name = "propagating", order = 1, testable = false)
  static WebArchive propagating() throws IOException, URISyntaxException {
    start();
    return application("propagating", PROPAGATION);
  }

  @Deployment(name = "own", order = 2, testable = false)
  static WebArchive own() throws IOException, URISyntaxException {
    start();
    Path file =
        Files.writeString(
            Path.of(System.getProperty("it.target"), "app-token"),
            store.token("app").getString("token") + "\n");
    return application("own", PROPAGATION + "kvstore.token-file=" + file + "\n");
  }

  /** Whichever application is made first. */
  private static void start() throws IOException {
    if (store == null) {
      issuer = new Issuer();
      store = SecuredServer.ready("injected", issuer.variables());
      store.grant("subject", "ann", "visits/", "write");
      store.grant("subject", "app", "visits/", "write");
    }
  }

  @AfterAll
  static void stop() {
    store.close();
    issuer.close();
  }

  @Test
  void propagating_asksForWhoeverAsks() {
    as(issuer.token("ann"), visit("propagating", "visits/a")).send().expect(200);
    as(issuer.token("ben"), visit("propagating", "visits/a")).send().expect(500);
    visit("propagating", "visits/a").send().expect(500);
    read("visits/a").expect(200);
  }

  @Test
  void own_asksForItself_whoeverAsks() {
    visit("own", "visits/b").send().expect(200);
    as(issuer.token("ben"), visit("own", "visits/b")).send().expect(200);
    visit("own", "elsewhere").send().expect(500);
    read("elsewhere").expect(404);
  }

  private Answer read(String key) {
    return store.asOperator(store.service().get("/v1/kv/" + key));
  }

  private RawRequest visit(String application, String key) {
    return applications.request("POST", "/" + application + "/visits?key=" + key);
  }

  private static WebArchive application(String name, String config) throws URISyntaxException {
    String url = "kvstore/mp-rest/url=" + store.service().uri() + "\n";
    return ShrinkWrap.create(WebArchive.class, name + ".war")
        .addClasses(VisitsApplication.class, VisitsResource.class)
        .addAsLibrary(
            new File(
                KeyValueClient.class.getProtectionDomain().getCodeSource().getLocation().toURI()))
        .addAsWebInfResource(EmptyAsset.INSTANCE, "beans.xml")
        .addAsResource(new StringAsset(url + config), "META-INF/microprofile-config.properties");
  }
}
