/** Parameters and buffers: the named tensors a model owns. */
import { type Shape, sizeOf } from "./types.ts";

/**
 * A parameter's role, which decides whether weight decay applies to it: kernels and matrices are
 * `weight`, additive terms `bias`, batch-norm scales and shifts `norm`. A `buffer` is state that is
 * not trained, such as running statistics.
 */
export type ParameterRole = "weight" | "bias" | "norm" | "buffer";

/** Draws numbers for an initial value; see `layers/init.ts`. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

/** Options of {@link Parameter}. */
export interface ParameterOptions {
  /** Default `weight`. */
  readonly role?: ParameterRole;
  /** Fills the initial value, row-major. Default zeros. */
  readonly initialize?: (data: Float32Array, random: RandomSource) => void;
}

/** A tensor that a model owns: trained (`weight`, `bias`, `norm`) or only kept (`buffer`). f32. */
export class Parameter {
  /** State-dict name such as `layer1.0.conv1.W`; set when the model is walked. */
  name = "";
  /** Its role: whether it is trained, and whether weight decay applies to it. */
  readonly role: ParameterRole;
  #data?: Float32Array;
  readonly #initialize?: ParameterOptions["initialize"];

  /**
   * A tensor of zeros until it is initialized or loaded. Its memory is allocated at first use, so
   * that a model can be built and inspected whatever sizes a file gives it.
   *
   * @param shape extents, outermost first
   */
  constructor(readonly shape: Shape, options: ParameterOptions = {}) {
    this.role = options.role ?? "weight";
    this.#initialize = options.initialize;
  }

  /** Present value on the host, row-major. */
  get data(): Float32Array {
    return this.#data ??= new Float32Array(sizeOf(this.shape));
  }

  /** Replaces the present value by another array. */
  set data(value: Float32Array) {
    this.#data = value;
  }

  /** Whether an optimizer changes it. */
  get trainable(): boolean {
    return this.role !== "buffer";
  }

  /** Draws the initial value again. */
  initialize(random: RandomSource): void {
    this.data.fill(0);
    this.#initialize?.(this.data, random);
  }
}
