/** Images of a batch times one number each. */
import { type Operand, toValue } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { fill } from "./fill.ts";
import { gate } from "./gate.ts";
import { matmul } from "./matmul.ts";
import { multiply } from "./multiply.ts";
import { reshape } from "./reshape.ts";

/**
 * `input` [N, C, H, W] or [N, C] times `factors` [N], one number per image. Matches `torch.mul`
 * with factors of shape [N, 1, …]. Throws InputError where shapes do not fit.
 */
export function rowScale(input: Operand, factors: Operand): Value {
  const [batch, channels = 1] = input.shape;
  const column = reshape(toValue(factors), [batch, 1]);
  const spread = matmul(column, fill([1, channels], 1));
  return input.shape.length === 2
    ? multiply(input, spread)
    : gate(input, reshape(spread, [batch, channels, 1, 1]));
}
