package org.kvstore.server.api;

import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;
import java.util.Set;

/**
 * The Jakarta REST application: every resource and provider, at the root of the port. Only the
 * single key and watches have ways of their own: {@link EntryEndpoint}, {@link WatchEndpoint}.
 */
@ApplicationPath("/")
public class RestApplication extends Application {
  @Override
  public Set<Class<?>> getClasses() {
    return Set.of(
        AdminResource.class,
        BatchResource.class,
        ClusterAdminResource.class,
        GrantResource.class,
        HistoryResource.class,
        LeaseResource.class,
        ListingResource.class,
        MetricsResource.class,
        SimpleResource.class,
        ClusterResource.class,
        StatusResource.class,
        TokenResource.class,
        TransactionResource.class,
        ProblemMapper.class);
  }
}
