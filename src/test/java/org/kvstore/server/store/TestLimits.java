package org.kvstore.server.store;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Map;
import org.kvstore.server.model.Limits;

/** The default limits with some of them changed, so that a test names only what it is about. */
public final class TestLimits {
  private TestLimits() {}

  /**
   * @param changes values by the names of components of {@link Limits}
   */
  public static Limits with(Map<String, Object> changes) {
    RecordComponent[] components = Limits.class.getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      Object[] values = new Object[components.length];
      int changed = 0;
      for (int i = 0; i < values.length; i++) {
        Object change = changes.get(components[i].getName());
        values[i] = change == null ? components[i].getAccessor().invoke(Limits.DEFAULT) : change;
        changed += change == null ? 0 : 1;
      }
      if (changed != changes.size()) {
        throw new IllegalArgumentException("No such limits: " + changes.keySet());
      }
      return Limits.class.getDeclaredConstructor(types).newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
