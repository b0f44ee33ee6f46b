/**
 * Residual networks for large images, by He et al. (arXiv:1512.03385 and 1603.05027): a 7x7 stem at
 * stride 2, a max pool, four stages. State-dict names are torchvision's.
 */
import type { Value } from "../graph/types.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import { kaimingNormal } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../layers/module.ts";
import type { Sequential } from "../layers/sequential.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { maxPool2d } from "../ops/max_pool2d.ts";
import { relu } from "../ops/relu.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import { modelConvolutionNorm, type ModelEntry, type ModelOptions } from "./options.ts";
import {
  BasicBlock,
  BasicBlockV2,
  type BlockClass,
  type BlockFamily,
  Bottleneck,
  BottleneckV1,
  BottleneckV2,
  PlainBlock,
  stage,
} from "./residual_blocks.ts";

interface ResNetOptions
  extends ModelOptions, Pick<BlockFamily, "groups" | "widthPerGroup" | "zeroInitResidual"> {
  readonly block: BlockClass;
  /** Blocks of each stage. */
  readonly blocks: readonly [number, number, number, number];
  /** Channels after the stem, then planes of each stage. */
  readonly channels: readonly [number, number, number, number, number];
}

/**
 * `conv1 bn1`, ReLU, max pool, stages `layer1` to `layer4`, global average pool, `fc`. With
 * torchvision's blocks it is `torchvision.models.resnet.ResNet`, tensor by tensor. Kernels start as
 * torchvision's, Kaiming normal by fan-out; batch norms as 1 and 0, `fc` as PyTorch's.
 */
export class ResNet extends Module {
  readonly conv1: Module;
  readonly bn1: Module;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly fc: Linear;

  constructor(options: ResNetOptions) {
    super();
    const { classes, inputChannels = 3, block, blocks } = options;
    const [stem, ...planes] = options.channels;
    const { convolution, groups, widthPerGroup, zeroInitResidual } = options;
    const family = {
      convolution,
      groups,
      widthPerGroup,
      zeroInitResidual,
      initialize: kaimingNormal,
    };
    [this.conv1, this.bn1] = modelConvolutionNorm(options, {
      inChannels: inputChannels,
      outChannels: stem,
      kernelSize: 7,
      stride: 2,
      padding: 3,
      initialize: kaimingNormal,
    });
    const stageAt = (i: number) =>
      stage(block, blocks[i], {
        ...family,
        inChannels: i === 0 ? stem : planes[i - 1] * block.expansion,
        planes: planes[i],
        stride: i === 0 ? 1 : 2,
      });
    this.layer1 = stageAt(0);
    this.layer2 = stageAt(1);
    this.layer3 = stageAt(2);
    this.layer4 = stageAt(3);
    this.fc = new Linear(planes[3] * block.expansion, classes);
  }

  forward(input: Value): Value {
    return this.classify(this.features(input));
  }

  /** Stem and stages. */
  protected features(input: Value): Value {
    const stem = relu(this.bn1.call(this.conv1.call(input)));
    const { output: pooled } = maxPool2d(stem, { kernelSize: 3, stride: 2, padding: 1 });
    return [this.layer1, this.layer2, this.layer3, this.layer4]
      .reduce((x, layer) => layer.call(x), pooled);
  }

  /** Global average pool and `fc`. */
  protected classify(features: Value): Value {
    return this.fc.call(flatten(globalAvgPool2d(features)));
  }
}

/**
 * GluonCV's `resnet*_v2`: a {@link ResNet} of pre-activation blocks between `bn_in`, without scale and
 * shift, and `bn_out`, ReLU.
 */
class ResNetV2 extends ResNet {
  readonly bnIn: BatchNorm2d;
  readonly bnOut: BatchNorm2d;

  constructor(options: ResNetOptions) {
    super(options);
    this.bnIn = new BatchNorm2d(options.inputChannels ?? 3, { affine: false });
    this.bnOut = new BatchNorm2d(this.fc.inFeatures);
  }

  override forward(input: Value): Value {
    const features = this.features(this.bnIn.call(input));
    return this.classify(relu(this.bnOut.call(features)));
  }
}

const basicSchema = z.strictObject({
  width: z.int().min(1).default(64).describe(
    "Channels of the first convolution; all others keep their ratio to it",
  ),
});
function grouped(groups: number, widthPerGroup: number) {
  return {
    groups: z.int().min(1).default(groups).describe(
      "Groups of a bottleneck's 3x3 convolution (ResNeXt)",
    ),
    widthPerGroup: z.int().min(1).default(widthPerGroup).describe(
      "Channels of each such group at 64 planes",
    ),
  };
}
const bottleneckSchema = basicSchema.extend(grouped(1, 64));

/** Options of blocks that end their residual with a batch norm. */
const normed = {
  zeroInitResidual: z.boolean().optional().describe(
    "Whether the last batch norm of each block starts as 0, so that blocks start as their shortcuts",
  ),
};
const normedBasicSchema = basicSchema.extend(normed);
const normedBottleneckSchema = bottleneckSchema.extend(normed);

type ResNetEntry = ModelEntry<
  | typeof basicSchema
  | typeof bottleneckSchema
  | typeof normedBasicSchema
  | typeof normedBottleneckSchema
>;
type StageCounts = readonly [number, number, number, number];

/**
 * `resnet{18,34,50,101,152}` in `_v1`, `_v1b` (also without suffix) and `_v2`, torchvision's
 * `resnext{50_32x4d,101_32x8d}` (Xie et al., arXiv:1611.05431) and `wide_resnet{50,101}_2`
 * (Zagoruyko and Komodakis, arXiv:1605.07146), and `plain18`.
 */
export const resNets: Record<string, ResNetEntry> = {
  ...ofDepth(18, [2, 2, 2, 2], [BasicBlock, BasicBlock, BasicBlockV2]),
  ...ofDepth(34, [3, 4, 6, 3], [BasicBlock, BasicBlock, BasicBlockV2]),
  ...ofDepth(50, [3, 4, 6, 3], [BottleneckV1, Bottleneck, BottleneckV2]),
  ...ofDepth(101, [3, 4, 23, 3], [BottleneckV1, Bottleneck, BottleneckV2]),
  ...ofDepth(152, [3, 8, 36, 3], [BottleneckV1, Bottleneck, BottleneckV2]),
  resnext50_32x4d: torchvision([3, 4, 6, 3], "A ResNeXt", 32, 4),
  resnext101_32x8d: torchvision([3, 4, 23, 3], "A ResNeXt", 32, 8),
  wide_resnet50_2: torchvision([3, 4, 6, 3], "A wide residual network", 1, 128),
  wide_resnet101_2: torchvision([3, 4, 23, 3], "A wide residual network", 1, 128),
  plain18: entryOf(ResNet, [2, 2, 2, 2], PlainBlock, "A ResNet-18 without shortcuts"),
};

/** v1 is He et al.'s, v1b (also without suffix) torchvision's, v2 the pre-activation form. */
function ofDepth(
  depth: number,
  blocks: StageCounts,
  [v1, v1b, v2]: readonly [BlockClass, BlockClass, BlockClass],
): Record<string, ResNetEntry> {
  const about = "A residual network, as torchvision's";
  return {
    [`resnet${depth}`]: entryOf(ResNet, blocks, v1b, about),
    [`resnet${depth}_v1`]: entryOf(ResNet, blocks, v1, "A residual network, as its authors'"),
    [`resnet${depth}_v1b`]: entryOf(ResNet, blocks, v1b, about),
    [`resnet${depth}_v2`]: entryOf(ResNetV2, blocks, v2, "One of pre-activation blocks"),
  };
}

/** A ResNet of torchvision's bottlenecks whose 3x3 convolutions are grouped, or wider. */
function torchvision(
  blocks: StageCounts,
  kind: string,
  groups: number,
  widthPerGroup: number,
): ResNetEntry {
  const schema = normedBottleneckSchema.extend(grouped(groups, widthPerGroup));
  return { ...entryOf(ResNet, blocks, Bottleneck, `${kind}, as torchvision's`), schema };
}

function entryOf(
  Model: typeof ResNet,
  blocks: StageCounts,
  block: BlockClass,
  about: string,
): ResNetEntry {
  return {
    about,
    schema: schemaOf(block),
    build: ({ width, ...options }) =>
      new Model({
        ...options,
        block,
        blocks,
        channels: [width, width, 2 * width, 4 * width, 8 * width],
      }),
  };
}

function schemaOf(block: BlockClass): ResNetEntry["schema"] {
  switch (block) {
    case BasicBlock:
      return normedBasicSchema;
    case Bottleneck:
    case BottleneckV1:
      return normedBottleneckSchema;
    default:
      return block.expansion === 1 ? basicSchema : bottleneckSchema;
  }
}
