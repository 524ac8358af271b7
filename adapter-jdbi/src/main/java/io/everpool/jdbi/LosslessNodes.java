package io.everpool.jdbi;

import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ValueNode;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * Makes a {@code double} of a number if a {@code double} has all its digits, as Jackson itself
 * would, so that trees compare equal to those that were read elsewhere; otherwise it makes a
 * decimal.
 */
final class LosslessNodes extends JsonNodeFactory {
  static final LosslessNodes INSTANCE = new LosslessNodes();

  private static final long serialVersionUID = 1L;
  private static final int DIGITS_OF_DOUBLE = 17;

  private LosslessNodes() {
    super(true);
  }

  @Override
  public ValueNode numberNode(@Nullable BigDecimal value) {
    if (value == null) {
      return nullNode();
    }
    if (value.precision() <= DIGITS_OF_DOUBLE && Double.isFinite(value.doubleValue())) {
      BigDecimal nearest = BigDecimal.valueOf(value.doubleValue());
      // The scale counts, because 1.10 isn't 1.1.
      if (nearest.compareTo(value) == 0 && nearest.scale() == value.scale()) {
        return DoubleNode.valueOf(value.doubleValue());
      }
    }
    return DecimalNode.valueOf(value);
  }

  private Object readResolve() {
    return INSTANCE;
  }
}
