package org.kvstore.it.support;

import java.io.File;
import java.util.Objects;
import org.jboss.arquillian.container.spi.client.container.DeployableContainer;
import org.jboss.arquillian.container.spi.client.container.DeploymentException;
import org.jboss.arquillian.container.spi.event.container.AfterStart;
import org.jboss.arquillian.container.spi.event.container.BeforeStop;
import org.jboss.arquillian.core.api.annotation.Observes;
import org.jboss.arquillian.core.spi.LoadableExtension;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.asset.StringAsset;
import org.jboss.shrinkwrap.api.importer.ZipImporter;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.jspecify.annotations.Nullable;

/**
 * The application that was built, on the server that Arquillian starts: it is deployed when that
 * has started, once for all stories, as each deployment takes ten seconds.
 */
public final class Application implements LoadableExtension {
  private static final String AT_ROOT =
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <web-ext xmlns="http://websphere.ibm.com/xml/ns/javaee" version="1.0">
        <context-root uri="/"/>
      </web-ext>
      """;

  private static volatile @Nullable DeployableContainer<?> server;

  @Override
  public void register(ExtensionBuilder builder) {
    builder.observer(Lifecycle.class);
  }

  /** Of the server. Arquillian makes one. */
  public static final class Lifecycle {
    void deployTo(@Observes AfterStart started) throws DeploymentException {
      server = started.getDeployableContainer();
      deploy();
    }

    void undeployFrom(@Observes BeforeStop stopping) throws DeploymentException {
      undeploy();
    }
  }

  /** Puts it on the server and waits until it has started. */
  public static void deploy() throws DeploymentException {
    Objects.requireNonNull(server).deploy(archive());
  }

  /** Takes it from the server and waits until it has stopped. */
  public static void undeploy() throws DeploymentException {
    Objects.requireNonNull(server).undeploy(archive());
  }

  /** The WAR as it was built; the descriptor says what liberty/config/server.xml says otherwise. */
  private static WebArchive archive() {
    return ShrinkWrap.create(ZipImporter.class, "kvstore.war")
        .importFrom(new File(System.getProperty("it.war")))
        .as(WebArchive.class)
        .addAsWebInfResource(new StringAsset(AT_ROOT), "ibm-web-ext.xml");
  }
}
