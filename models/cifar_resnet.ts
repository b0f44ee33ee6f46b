/**
 * Residual networks for small images, by He et al. (arXiv:1512.03385 and 1603.05027), in GluonCV's
 * structure (`cifar_resnet*_v1`, `_v2`): three stages of n basic blocks, 6·n + 2 layers deep.
 */
import type { Value } from "../graph/types.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import { xavierUniform, zeros } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import type { Sequential } from "../layers/sequential.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { relu } from "../ops/relu.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { modelConvolution, type ModelEntry, type ModelOptions, normBehind } from "./options.ts";
import { BasicBlock, type BlockClass, PreActivationBlock, stage } from "./residual_blocks.ts";

interface CifarResNetOptions extends ModelOptions {
  readonly blocks: readonly [number, number, number];
  /** Channels after the stem, then of each stage. */
  readonly channels: readonly [number, number, number, number];
}

interface CifarResNetV1Options extends CifarResNetOptions {
  /** Whether a ReLU follows the stem's batch norm. Default false, as in GluonCV. */
  readonly stemReLU?: boolean;
}

/**
 * The parts shared by all residual networks for small images: `conv1`, three stages, `fc`. Biases
 * start as zero, kernels and `fc` as GluonCV trains them, MXNet's `Xavier()`, by default.
 */
export abstract class CifarResNet extends Module {
  readonly conv1: Module;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly fc: Linear;

  constructor(options: CifarResNetOptions, Block: BlockClass, initialize = xavierUniform) {
    super();
    const { classes, inputChannels = 3, blocks, channels, convolution } = options;
    this.conv1 = modelConvolution(options, {
      inChannels: inputChannels,
      outChannels: channels[0],
      kernelSize: 3,
      padding: 1,
      initialize,
    });
    const stageAt = (i: number) =>
      stage(Block, blocks[i], {
        convolution,
        initialize,
        inChannels: channels[i],
        planes: channels[i + 1],
        stride: i === 0 ? 1 : 2,
      });
    this.layer1 = stageAt(0);
    this.layer2 = stageAt(1);
    this.layer3 = stageAt(2);
    this.fc = new Linear(channels[3], classes, { initialize, initializeBias: zeros });
  }

  protected stages(input: Value): Value {
    return this.layer3.call(this.layer2.call(this.layer1.call(input)));
  }

  /** Global average pool and `fc`. */
  protected classify(features: Value): Value {
    return this.fc.call(flatten(globalAvgPool2d(features)));
  }
}

/** `conv1`, `bn1`, no ReLU, three stages of post-activation blocks, pool, `fc`. */
export class CifarResNetV1 extends CifarResNet {
  readonly bn1: Module;
  readonly #stemReLU: boolean;

  constructor(options: CifarResNetV1Options) {
    super(options, BasicBlock);
    this.bn1 = normBehind(this.conv1, options.channels[0]);
    this.#stemReLU = options.stemReLU ?? false;
  }

  forward(input: Value): Value {
    const stem = this.bn1.call(this.conv1.call(input));
    return this.classify(this.stages(this.#stemReLU ? relu(stem) : stem));
  }
}

/** `bn_in` without scale and shift, `conv1`, three stages of pre-activation blocks, `bn_out`, ReLU, pool, `fc`. */
export class CifarResNetV2 extends CifarResNet {
  readonly bnIn: BatchNorm2d;
  readonly bnOut: BatchNorm2d;

  constructor(options: CifarResNetOptions) {
    super(options, PreActivationBlock);
    this.bnIn = new BatchNorm2d(options.inputChannels ?? 3, { affine: false });
    this.bnOut = new BatchNorm2d(options.channels[3]);
  }

  forward(input: Value): Value {
    const features = this.stages(this.conv1.call(this.bnIn.call(input)));
    return this.classify(relu(this.bnOut.call(features)));
  }
}

const width = z.int().min(1).default(16).describe(
  "Channels of the first convolution; all others keep their ratio to it",
);
const schemaV1 = z.strictObject({
  width,
  stemReLU: z.boolean().default(false).describe("Whether a ReLU follows the stem's batch norm"),
});
const schemaV2 = z.strictObject({ width });

/** `cifar_resnet{20,32,44,56,110}_{v1,v2}`. */
export const cifarResNets: Record<
  string,
  ModelEntry<typeof schemaV1> | ModelEntry<typeof schemaV2>
> = Object.fromEntries([20, 32, 44, 56, 110].flatMap(ofDepth));

function ofDepth(depth: number) {
  const count = (depth - 2) / 6;
  const blocks = [count, count, count] as const;
  const channels = (width: number) => [width, width, 2 * width, 4 * width] as const;
  const v1: ModelEntry<typeof schemaV1> = {
    about: "A residual network for small images, as GluonCV's",
    schema: schemaV1,
    build: ({ width, ...options }) =>
      new CifarResNetV1({ ...options, blocks, channels: channels(width) }),
  };
  const v2: ModelEntry<typeof schemaV2> = {
    about: "The same with pre-activation blocks",
    schema: schemaV2,
    build: ({ width, ...options }) =>
      new CifarResNetV2({ ...options, blocks, channels: channels(width) }),
  };
  return [[`cifar_resnet${depth}_v1`, v1], [`cifar_resnet${depth}_v2`, v2]] as const;
}
