/**
 * Residual networks for large pictures, by He et al. (arXiv:1512.03385 and 1603.05027): a 7x7 stem at
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
import { modelConvolution, type ModelOptions } from "./options.ts";
import { type BlockClass, type BlockFamily, stage } from "./residual_blocks.ts";

/** Options of {@link ResNet} and {@link ResNetV2}. */
export interface ResNetOptions extends ModelOptions, Pick<BlockFamily, "groups" | "widthPerGroup"> {
  readonly block: BlockClass;
  /** Blocks of each stage. */
  readonly blocks: readonly [number, number, number, number];
  /** Channels after the stem, then planes of each stage. Default 64, 64, 128, 256, 512. */
  readonly channels?: readonly [number, number, number, number, number];
}

/**
 * `conv1 bn1`, ReLU, max pool, stages `layer1` to `layer4`, global average pool, `fc`. With
 * torchvision's blocks it is `torchvision.models.resnet.ResNet`, tensor by tensor. Kernels start as
 * torchvision's, Kaiming normal by fan-out; batch norms as 1 and 0, `fc` as PyTorch's.
 */
export class ResNet extends Module {
  readonly conv1: Module;
  readonly bn1: BatchNorm2d;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly fc: Linear;

  constructor(options: ResNetOptions) {
    super();
    const { classes, inputChannels = 3, block, blocks } = options;
    const [stem, ...planes] = options.channels ?? [64, 64, 128, 256, 512];
    const { convolution, depthMultiplier, pairing, groups, widthPerGroup } = options;
    const family = {
      convolution,
      depthMultiplier,
      pairing,
      groups,
      widthPerGroup,
      initialize: kaimingNormal,
    };
    this.conv1 = modelConvolution(options, {
      inChannels: inputChannels,
      outChannels: stem,
      kernelSize: 7,
      stride: 2,
      padding: 3,
      initialize: kaimingNormal,
    });
    this.bn1 = new BatchNorm2d(stem);
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
export class ResNetV2 extends ResNet {
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
