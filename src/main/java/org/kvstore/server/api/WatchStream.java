package org.kvstore.server.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.service.ChangeService;
import org.kvstore.server.shard.Subscription;
import org.kvstore.server.store.WatchSink.Delivery;

/**
 * One open event stream, written without blocking (Jakarta Servlet section 3.7): what the client
 * does not take yet, or may not have yet, stays in the change log, not here.
 *
 * <p>The watch calls it on one thread at a time; the container calls the listener's methods on
 * others, which only wake or end the watch.
 */
@NullUnmarked // Its fields are set when it is opened, before anything is delivered.
final class WatchStream implements Subscription.Reader, WriteListener, AsyncListener {
  private static final Logger LOG = System.getLogger(WatchStream.class.getName());

  private final ChangeService service;
  private final WatchPace pace;
  private Subscription watch;
  private Origin origin;
  private AsyncContext context;
  private ServletOutputStream out;

  /** Set once it may be written to: what ends it before leaves that to who opens it. */
  private volatile boolean writable;

  private boolean opened;
  private boolean flushIsDue;

  WatchStream(ChangeService service, WatchPace pace) {
    this.service = service;
    this.pace = pace;
  }

  void open(Subscription of, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    watch = of;
    origin = Origin.of(request);
    response.setContentType("text/event-stream");
    response.setHeader("X-Accel-Buffering", "no");
    // Liberty ignores the first flush of an answer; what follows is to be seen at once.
    response.flushBuffer();
    context = request.startAsync(request, response);
    context.setTimeout(0);
    context.addListener(this);
    out = response.getOutputStream();
    out.setWriteListener(this);
  }

  @Override
  public void onWritePossible() {
    writable = true;
    if (watch.hasEnded()) {
      stop();
    } else {
      watch.ready();
    }
  }

  @Override
  public void onError(Throwable failure) {
    LOG.log(Level.DEBUG, "A watching client has gone.", failure);
    stop();
  }

  @Override
  public boolean isReady() {
    if (!out.isReady()) {
      return false;
    }
    if (!opened) {
      opened = true;
      write(bytes("retry: 1000\n\nevent: progress\n" + id(watch.revisions()) + "data: {}\n\n"));
    }
    if (flushIsDue && out.isReady()) {
      flush();
    }
    return out.isReady() && pace.allows(watch::ready);
  }

  @Override
  public Runnable prepare(int shard, Revisions before, List<Delivery> deliveries) {
    byte[] blocks = EventLines.blocks(shard, before, deliveries, this::id);
    return () -> write(blocks);
  }

  @Override
  public void progress(Revisions revisions) {
    write(bytes("event: progress\n" + id(revisions) + "data: {}\n\n"));
  }

  @Override
  public void end(KeyValueException reason) {
    if (!writable) {
      return;
    }
    if (reason.code() == ErrorCode.COMPACTED && out.isReady()) {
      Reply problem = Problems.reply(reason, origin);
      write(bytes("event: compacted\ndata: " + problem.body().toUtf8() + "\n\n"));
    }
    stop();
  }

  private String id(Revisions revisions) {
    return "id: " + service.position(revisions).token() + "\n";
  }

  private void write(byte[] bytes) {
    try {
      out.write(bytes);
      pace.sent(bytes.length);
      flushIsDue = true;
      if (out.isReady()) {
        flush();
      }
    } catch (IOException e) {
      onError(e);
    }
  }

  private void flush() {
    try {
      flushIsDue = false;
      out.flush();
    } catch (IOException e) {
      onError(e);
    }
  }

  private void stop() {
    watch.close();
    try {
      context.complete();
    } catch (IllegalStateException e) {
      LOG.log(Level.DEBUG, "The stream had ended already.", e);
    }
  }

  @Override
  public void onComplete(AsyncEvent event) {
    watch.close();
  }

  @Override
  public void onTimeout(AsyncEvent event) {
    stop();
  }

  @Override
  public void onError(AsyncEvent event) {
    stop();
  }

  @Override
  public void onStartAsync(AsyncEvent event) {
    // It is not started again.
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
