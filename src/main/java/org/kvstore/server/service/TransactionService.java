package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Comparison;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Operation;
import org.kvstore.server.model.Outcome.Transacted;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.shard.Shards;

/** Transactions: several keys compared, read and written in one revision, or not at all. */
@ApplicationScoped
public class TransactionService {
  private final EngineHandle handle;

  /** For the container's proxy only. */
  @NullUnmarked
  protected TransactionService() {
    handle = null;
  }

  @Inject
  public TransactionService(EngineHandle handle) {
    this.handle = handle;
  }

  /**
   * A transaction as a client asks for it.
   *
   * @param comparisons all of them must hold for {@code then}
   * @param then what is done when they hold
   * @param otherwise what is done when one does not
   */
  public record Request(
      List<Comparison> comparisons, List<OperationRequest> then, List<OperationRequest> otherwise) {

    /** Copies the lists. */
    public Request {
      comparisons = List.copyOf(comparisons);
      then = List.copyOf(then);
      otherwise = List.copyOf(otherwise);
    }
  }

  /** Every bound. */
  public Limits limits() {
    return handle.require().limits();
  }

  /**
   * Does a transaction.
   *
   * @param body what the client sent: a repeat under the same name must be the same
   * @throws KeyValueException TXN_INVALID when it has too many operations or writes a key twice;
   *     CROSS_SHARD when its keys are in several shards
   */
  public CompletionStage<Transacted> transact(
      Access access, Request request, Bytes body, @Nullable String idempotencyKey) {
    Engine engine = handle.require();
    requireAllowed(access, request);
    requireFew("compare", request.comparisons().size());
    long now = engine.clock().millis();
    Command.Transact command =
        new Command.Transact(
            request.comparisons(),
            operations(access, "then", request.then(), now),
            operations(access, "else", request.otherwise(), now));
    RequestName name =
        idempotencyKey == null
            ? null
            : new RequestName(
                KeyValueService.scoped(access, idempotencyKey), Fingerprint.of("txn", body));
    Shards shards = engine.shards();
    return access
        .trail()
        .of(
            "txn",
            done -> TransactionRecord.of(request, done),
            shards
                .write(shards.only(command), new Submission(command, now, name))
                .thenApply(outcome -> Outcomes.expect(Transacted.class, outcome)));
  }

  /** Of both branches: which one is taken tells of the keys that are compared. */
  private static void requireAllowed(Access access, Request request) {
    request.comparisons().forEach(compare -> access.require(Permission.READ, compare.key()));
    request.then().forEach(operation -> requireAllowed(access, operation));
    request.otherwise().forEach(operation -> requireAllowed(access, operation));
  }

  private static void requireAllowed(Access access, OperationRequest operation) {
    if (operation instanceof WriteRequest.Put put) {
      access.require(Permission.WRITE, put.key());
    } else if (operation instanceof WriteRequest.Delete delete) {
      access.require(Permission.WRITE, delete.key());
    } else if (operation instanceof OperationRequest.Get get) {
      access.require(Permission.READ, get.key());
    } else {
      access.require(Permission.READ, ((OperationRequest.ListRange) operation).range());
    }
  }

  private List<Operation> operations(
      Access access, String branch, List<OperationRequest> requests, long now) {
    requireFew(branch, requests.size());
    Set<Key> written = new HashSet<>();
    List<Operation> operations = new ArrayList<>();
    for (OperationRequest request : requests) {
      try {
        Operation operation = operation(access, request, now);
        requireWrittenOnce(branch, operation, written);
        operations.add(operation);
      } catch (KeyValueException e) {
        throw e.ofOperation(branch, operations.size());
      }
    }
    return operations;
  }

  private Operation operation(Access access, OperationRequest request, long now) {
    if (request instanceof WriteRequest.Put put) {
      KeyValueService.requireValueFits(put.value(), limits());
      return KeyValueService.command(access, put, now);
    }
    if (request instanceof WriteRequest.Delete delete) {
      return new Command.Delete(delete.key(), delete.condition());
    }
    if (request instanceof OperationRequest.Get get) {
      return new Operation.Get(get.key());
    }
    OperationRequest.ListRange list = (OperationRequest.ListRange) request;
    return new Operation.ListRange(list.range(), list.limit());
  }

  private static void requireWrittenOnce(String branch, Operation operation, Set<Key> written) {
    Key key = null;
    if (operation instanceof Command.Put put) {
      key = put.key();
    } else if (operation instanceof Command.Delete delete) {
      key = delete.key();
    }
    if (key != null && !written.add(key)) {
      throw KeyValueException.of(
              ErrorCode.TXN_INVALID, "A transaction writes a key once: '" + key.text() + "'.")
          .withField(branch);
    }
  }

  private void requireFew(String part, int size) {
    int limit = limits().transactionOperations();
    if (size > limit) {
      throw KeyValueException.of(
              ErrorCode.TXN_INVALID, "It has at most %d elements.".formatted(limit))
          .withField(part)
          .withLimit(limit);
    }
  }
}
