package org.kvstore.server.api;

import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;
import java.util.Set;

/**
 * The Jakarta REST application: every resource and provider, at the root of the port. Only the
 * single key has its own way: {@link EntryEndpoint}.
 */
@ApplicationPath("/")
public class RestApplication extends Application {
  @Override
  public Set<Class<?>> getClasses() {
    return Set.of(
        ListingResource.class, SimpleResource.class, StatusResource.class, ProblemMapper.class);
  }
}
