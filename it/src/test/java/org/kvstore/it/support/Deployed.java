package org.kvstore.it.support;

import java.io.File;
import java.util.Random;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.asset.StringAsset;
import org.jboss.shrinkwrap.api.importer.ZipImporter;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A story against the application that was built, deployed by Arquillian on the server that was
 * built. All stories share one server and one data directory; each keeps to keys of its own.
 */
@ExtendWith(ArquillianExtension.class)
public abstract class Deployed {
  private static final String AT_ROOT =
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <web-ext xmlns="http://websphere.ibm.com/xml/ns/javaee" version="1.0">
        <context-root uri="/"/>
      </web-ext>
      """;

  protected final Service service = new Service(Integer.getInteger("it.http.port"));

  /** The WAR as it was built; the descriptor says what liberty/config/server.xml says otherwise. */
  @Deployment(testable = false)
  public static WebArchive kvstore() {
    return ShrinkWrap.create(ZipImporter.class, "kvstore.war")
        .importFrom(new File(System.getProperty("it.war")))
        .as(WebArchive.class)
        .addAsWebInfResource(new StringAsset(AT_ROOT), "ibm-web-ext.xml");
  }

  /** A key prefix that no other story or earlier run has used. */
  protected final String prefix() {
    return getClass().getSimpleName() + "/" + Long.toHexString(new Random().nextLong()) + "/";
  }
}
