package org.kvstore.it.support;

import java.util.Random;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A story against the {@link Application} that was built, deployed by Arquillian on the server that
 * was built. All stories share it and its data; each keeps to keys of its own.
 */
@ExtendWith(ArquillianExtension.class)
@InTurn
public abstract class Deployed {
  protected final Service service = new Service(Integer.getInteger("it.http.port"));

  /** A key prefix that no other story or earlier run has used. */
  protected final String prefix() {
    return getClass().getSimpleName() + "/" + Long.toHexString(new Random().nextLong()) + "/";
  }
}
