/**
 * Wide residual networks for small images, by Zagoruyko and Komodakis (arXiv:1605.07146): few
 * pre-activation blocks of many channels. State-dict names are those of the other CIFAR ResNets.
 */
import { InputError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import { kaimingNormal } from "../layers/init.ts";
import { relu } from "../ops/relu.ts";
import { z } from "../schema/entry.ts";
import { CifarResNet } from "./cifar_resnet.ts";
import type { ModelEntry, ModelOptions } from "./options.ts";
import { BasicBlockV2 } from "./residual_blocks.ts";

interface CifarWideResNetOptions extends ModelOptions {
  /** Number of convolutions in a path, without the stem and 1x1 shortcuts: 6n + 4. */
  readonly depth: number;
  /** Factor of the first stage's channels over the stem's; each further stage doubles them. */
  readonly widenFactor: number;
  /** Channels of the stem. Default 16. */
  readonly width?: number;
}

/**
 * `conv1`, three stages of (depth − 4) / 6 pre-activation blocks, `bn_out`, ReLU, pool, `fc`. Where
 * the width changes, the shortcut's 1x1 convolution reads relu(bn1 x). Kernels start as the
 * authors', Kaiming normal by fan-out. Throws InputError for another depth.
 */
export class CifarWideResNet extends CifarResNet {
  readonly bnOut: BatchNorm2d;

  constructor({ depth, widenFactor, width = 16, ...options }: CifarWideResNetOptions) {
    const count = (depth - 4) / 6;
    if (!Number.isInteger(count) || count < 1) {
      throw new InputError(`CifarWideResNet: depth is ${depth}; expected 6n + 4, such as 16 or 28`);
    }
    const wide = width * widenFactor;
    const sizes = {
      blocks: [count, count, count],
      channels: [width, wide, 2 * wide, 4 * wide],
    } as const;
    super({ ...options, ...sizes }, BasicBlockV2, kaimingNormal);
    this.bnOut = new BatchNorm2d(4 * wide);
  }

  forward(input: Value): Value {
    return this.classify(relu(this.bnOut.call(this.stages(this.conv1.call(input)))));
  }
}

const schema = z.strictObject({
  width: z.int().min(1).default(16).describe(
    "Channels of the first convolution; all others keep their ratio to it",
  ),
});

/** `cifar_wide_resnet{16_4,16_8,16_10,28_2,28_10,40_2,40_4}`: depth and widening factor. */
export const cifarWideResNets: Record<string, ModelEntry<typeof schema>> = Object.fromEntries(
  ([[16, 4], [16, 8], [16, 10], [28, 2], [28, 10], [40, 2], [40, 4]] as const).map(
    ([depth, widenFactor]) => [`cifar_wide_resnet${depth}_${widenFactor}`, {
      about: "A wide residual network for small images, as its authors'",
      schema,
      build: (options) => new CifarWideResNet({ ...options, depth, widenFactor }),
    }],
  ),
);
