/** Activation layers: one elementwise op each. */
import type { Value } from "../graph/types.ts";
import { elu, type EluOptions } from "../ops/elu.ts";
import { gelu, type GeluOptions } from "../ops/gelu.ts";
import { hardSigmoid } from "../ops/hard_sigmoid.ts";
import { hardSwish } from "../ops/hard_swish.ts";
import { leakyRelu, type LeakyReluOptions } from "../ops/leaky_relu.ts";
import { mish } from "../ops/mish.ts";
import { relu } from "../ops/relu.ts";
import { relu6 } from "../ops/relu6.ts";
import { sigmoid } from "../ops/sigmoid.ts";
import { silu } from "../ops/silu.ts";
import { softplus, type SoftplusOptions } from "../ops/softplus.ts";
import { tanh } from "../ops/tanh.ts";
import { z } from "../schema/entry.ts";
import { type LayerEntry, layerEntry, plainLayer } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** max(x, 0). Matches `torch.nn.ReLU`. */
export class ReLU extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return relu(input);
  }
}

/** min(max(x, 0), 6). Matches `torch.nn.ReLU6`. */
export class ReLU6 extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return relu6(input);
  }
}

/** x above 0, negativeSlope · x below. Matches `torch.nn.LeakyReLU`. */
export class LeakyReLU extends Module {
  /** Options are checked by {@link forward}. */
  constructor(readonly options: LeakyReluOptions = {}) {
    super();
  }

  /** f32 of any shape → the same shape. Throws InputError for a slope below 0. */
  forward(input: Value): Value {
    return leakyRelu(input, this.options);
  }
}

/** x above 0, alpha · (exp(x) − 1) below. Matches `torch.nn.ELU`. */
export class ELU extends Module {
  /** Options are checked by {@link forward}. */
  constructor(readonly options: EluOptions = {}) {
    super();
  }

  /** f32 of any shape → the same shape. Throws InputError for an alpha below 0. */
  forward(input: Value): Value {
    return elu(input, this.options);
  }
}

/** ln(1 + exp(beta · x)) / beta. Matches `torch.nn.Softplus`. */
export class Softplus extends Module {
  /** Options are checked by {@link forward}. */
  constructor(readonly options: SoftplusOptions = {}) {
    super();
  }

  /** f32 of any shape → the same shape. Throws InputError for a beta that is not above 0. */
  forward(input: Value): Value {
    return softplus(input, this.options);
  }
}

/** Hyperbolic tangent. Matches `torch.nn.Tanh`. */
export class Tanh extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return tanh(input);
  }
}

/** 1 / (1 + exp(−x)). Matches `torch.nn.Sigmoid`. */
export class Sigmoid extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return sigmoid(input);
  }
}

/** x · σ(x). Matches `torch.nn.SiLU`. */
export class SiLU extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return silu(input);
  }
}

/** min(max(x + 3, 0), 6) / 6. Matches `torch.nn.Hardsigmoid`. */
export class Hardsigmoid extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return hardSigmoid(input);
  }
}

/** x · min(max(x + 3, 0), 6) / 6. Matches `torch.nn.Hardswish`. */
export class Hardswish extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return hardSwish(input);
  }
}

/** x · Φ(x), Φ being the cumulative normal distribution. Matches `torch.nn.GELU`. */
export class GELU extends Module {
  /** Options are checked by {@link forward}. */
  constructor(readonly options: GeluOptions = {}) {
    super();
  }

  /** f32 of any shape → the same shape. Throws InputError for an unknown approximation. */
  forward(input: Value): Value {
    return gelu(input, this.options);
  }
}

/** x · tanh(ln(1 + exp(x))). Matches `torch.nn.Mish`. */
export class Mish extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return mish(input);
  }
}

const leakyReluSchema = z.strictObject({
  negativeSlope: z.number().min(0).optional().describe("Factor below 0; 0.01 by default"),
});

const eluSchema = z.strictObject({
  alpha: z.number().min(0).optional().describe(
    "Magnitude of the limit towards -infinity; 1 by default",
  ),
});

const softplusSchema = z.strictObject({
  beta: z.number().positive().optional().describe("Sharpness of the bend; 1 by default"),
  threshold: z.number().optional().describe(
    "Where beta · x is above this, the result is x; 20 by default",
  ),
});

const geluSchema = z.strictObject({
  approximate: z.enum(["none", "tanh"]).optional().describe(
    "Whether to use the tanh approximation; none by default",
  ),
});

export const activationLayers = {
  relu: plainLayer("max(x, 0)", () => new ReLU()),
  relu6: plainLayer("min(max(x, 0), 6)", () => new ReLU6()),
  leaky_relu: layerEntry(
    "x above 0, a small multiple of it below",
    leakyReluSchema,
    (options) => new LeakyReLU(options),
  ),
  elu: layerEntry(
    "x above 0, alpha · (exp(x) - 1) below",
    eluSchema,
    (options) => new ELU(options),
  ),
  softplus: layerEntry(
    "ln(1 + exp(beta · x)) / beta",
    softplusSchema,
    (options) => new Softplus(options),
  ),
  tanh: plainLayer("Hyperbolic tangent", () => new Tanh()),
  sigmoid: plainLayer("1 / (1 + exp(-x))", () => new Sigmoid()),
  silu: plainLayer("x · σ(x), also called swish", () => new SiLU()),
  hard_sigmoid: plainLayer("min(max(x + 3, 0), 6) / 6", () => new Hardsigmoid()),
  hard_swish: plainLayer("x · min(max(x + 3, 0), 6) / 6", () => new Hardswish()),
  gelu: layerEntry(
    "x · Φ(x), with the cumulative normal distribution Φ",
    geluSchema,
    (options) => new GELU(options),
  ),
  mish: plainLayer("x · tanh(ln(1 + exp(x)))", () => new Mish()),
};

export function activationOf(name: keyof typeof activationLayers): Module {
  const entry: LayerEntry = activationLayers[name];
  return entry.build({}, [], {});
}
