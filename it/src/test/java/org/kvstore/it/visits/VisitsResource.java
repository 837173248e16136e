package org.kvstore.it.visits;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Optional;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyValueApi;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.PreconditionFailedException;
import org.kvstore.client.PutOptions;
import org.kvstore.client.ReadOptions;

/** Counts visits by compare-and-set, with the client and with the interface underneath. */
@Path("visits")
@RequestScoped
@Produces(MediaType.TEXT_PLAIN)
@NullUnmarked // The container fills the fields.
public class VisitsResource {
  @Inject KeyValueClient store;
  @Inject @RestClient KeyValueApi api;

  /** Counts one visit and answers how many there were. */
  @POST
  public String visit(@QueryParam("key") String key) {
    while (true) {
      try {
        Optional<Entry> counter = store.get(key);
        if (counter.isEmpty()) {
          store.put(key, "1", PutOptions.ifAbsent());
          return "1";
        }
        String next = Long.toString(Long.parseLong(counter.get().text()) + 1);
        store.compareAndSet(counter.get(), next);
        return next;
      } catch (PreconditionFailedException raced) {
        // Another visitor was faster: read again.
      }
    }
  }

  /** Reads through the annotated interface. */
  @GET
  public String count(@QueryParam("key") String key) {
    try (Response response = api.get(key, ReadOptions.newest())) {
      return response.getHeaderString("ETag") + " " + response.readEntity(String.class);
    }
  }
}
