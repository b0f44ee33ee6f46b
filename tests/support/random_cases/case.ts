/** What a random case consists of. */
import type { Value } from "../../../graph/types.ts";
import type { Draw } from "../draw.ts";
import type { InputTensor } from "../run.ts";

/** Inputs and the computation on them. */
export interface RandomCase {
  readonly inputs: readonly InputTensor[];
  /** Applies the ops to the inputs. */
  readonly build: (values: Value[]) => Value[];
  /** Whether gradients with respect to all f32 inputs are computed too. */
  readonly differentiable?: boolean;
}

/** Families of cases by name. */
export type Families = Readonly<Record<string, (draw: Draw) => RandomCase>>;
