package org.kvstore.server.api;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.ChangeService;
import org.kvstore.server.store.Watch;
import org.kvstore.server.store.WatchSink;

/**
 * One open event stream, written without blocking (Jakarta Servlet section 3.7): what the client
 * does not take yet stays in the change log, not here.
 *
 * <p>The watch calls it on one thread at a time; the container calls the listener's methods on
 * others, which only wake or end the watch.
 */
@NullUnmarked // Its fields are set when it is opened, before anything is delivered.
final class WatchStream implements WatchSink, WriteListener, AsyncListener {
  private static final Logger LOG = System.getLogger(WatchStream.class.getName());
  private static final byte[] OPENING = bytes("retry: 1000\n\n");

  private final ChangeService service;
  private ByteArrayOutputStream chunk = new ByteArrayOutputStream();
  private Watch watch;
  private Origin origin;
  private AsyncContext context;
  private ServletOutputStream out;

  /** Set once it may be written to: what ends it before leaves that to who opens it. */
  private volatile boolean writable;

  private boolean opened;
  private boolean flushIsDue;

  WatchStream(ChangeService service) {
    this.service = service;
  }

  void open(Watch of, HttpServletRequest request, HttpServletResponse response) throws IOException {
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
      chunk.writeBytes(OPENING);
      progress(watch.after());
    }
    if (flushIsDue && out.isReady()) {
      flush();
    }
    return out.isReady();
  }

  @Override
  public void send(List<Delivery> deliveries) {
    for (Delivery delivery : deliveries) {
      append(delivery);
    }
    write();
  }

  @Override
  public void progress(long revision) {
    append("event: progress\nid: " + service.position(revision).token() + "\ndata: {}\n\n");
    write();
  }

  @Override
  public void end(KeyValueException reason) {
    if (!writable) {
      return;
    }
    if (reason.code() == ErrorCode.COMPACTED && out.isReady()) {
      Reply problem = Problems.reply(reason, origin);
      append("event: compacted\ndata: " + problem.body().toUtf8() + "\n\n");
      write();
    }
    stop();
  }

  private void append(Delivery delivery) {
    append(delivery.event().isPut() ? "event: put\n" : "event: delete\n");
    if (delivery.last()) {
      append("id: " + service.position(delivery.event().revision()).token() + "\n");
    }
    append("data: ");
    chunk.writeBytes(EventLines.json(delivery.event(), delivery.previous()));
    append("\n\n");
  }

  private void append(String text) {
    chunk.writeBytes(bytes(text));
  }

  private void write() {
    try {
      chunk.writeTo(out);
      chunk = new ByteArrayOutputStream();
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
