/**
 * The building blocks of residual networks, by He et al. (arXiv:1512.03385 and 1603.05027), with
 * torchvision's names: `conv1`, `bn1`, …, `downsample`.
 */
import { InputError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import type { ConvolutionOptions, ConvolutionPlace } from "../layers/convolutions/entry.ts";
import type { Initializer } from "../layers/init.ts";
import { Module } from "../layers/module.ts";
import { Sequential } from "../layers/sequential.ts";
import { add } from "../ops/add.ts";
import { relu } from "../ops/relu.ts";
import { modelConvolution, modelConvolutionNorm } from "./options.ts";

/** Options shared by all blocks of a network. */
export interface BlockFamily extends ConvolutionOptions {
  /** Start of all kernels. */
  readonly initialize: Initializer;
  /** Groups of a bottleneck's 3x3 convolution (ResNeXt). Default 1. */
  readonly groups?: number;
  /** Channels of a bottleneck's groups when `planes` is 64 (ResNeXt, Wide ResNet). Default 64. */
  readonly widthPerGroup?: number;
  /** Whether the batch norm that ends a residual starts as 0, so that a block starts as its shortcut. */
  readonly zeroInitResidual?: boolean;
}

interface BlockOptions extends BlockFamily {
  readonly inChannels: number;
  /** Output channels divided by the block's expansion. */
  readonly planes: number;
  readonly stride: number;
}

export interface BlockClass {
  /** Output channels for each of `planes`. */
  readonly expansion: number;
  new (options: BlockOptions): Module;
}

/** `count` blocks, `0`, `1`, …; the first one strides and changes the number of channels. */
export function stage(
  Block: BlockClass,
  count: number,
  { inChannels, ...options }: BlockOptions,
): Sequential {
  const outChannels = options.planes * Block.expansion;
  return new Sequential(
    new Block({ ...options, inChannels }),
    ...Array.from(
      { length: count - 1 },
      () => new Block({ ...options, inChannels: outChannels, stride: 1 }),
    ),
  );
}

function of3x3(
  { initialize }: BlockOptions,
  inChannels: number,
  outChannels: number,
  stride: number,
  groups = 1,
): ConvolutionPlace {
  return { inChannels, outChannels, kernelSize: 3, stride, padding: 1, groups, initialize };
}

function of1x1(
  { initialize }: BlockOptions,
  inChannels: number,
  outChannels: number,
  stride = 1,
): ConvolutionPlace {
  return { inChannels, outChannels, kernelSize: 1, stride, initialize };
}

/** The 1x1 convolution on the shortcut of a block whose input and output shapes differ. */
function projectionOf(options: BlockOptions, outChannels: number): ConvolutionPlace | undefined {
  const { inChannels, stride } = options;
  if (stride === 1 && inChannels === outChannels) return undefined;
  return of1x1(options, inChannels, outChannels, stride);
}

/** Only the convolution. */
function bareProjection(options: BlockOptions, outChannels: number): Module | undefined {
  const place = projectionOf(options, outChannels);
  return place && modelConvolution(options, place);
}

/** The same with batch norm, for post-activation blocks. */
function projection(options: BlockOptions, outChannels: number): Sequential | undefined {
  const place = projectionOf(options, outChannels);
  return place && new Sequential(...modelConvolutionNorm(options, place));
}

/**
 * Channels of a bottleneck's 3x3 convolution; torchvision's formula. Throws InputError if a group
 * would have none.
 */
function bottleneckWidth({ planes, groups = 1, widthPerGroup = 64 }: BlockOptions): number {
  const ofGroup = Math.floor(planes * widthPerGroup / 64);
  if (ofGroup < 1) {
    throw new InputError(
      `widthPerGroup of ${widthPerGroup}, which is meant for 64 planes, leaves a group of a block ` +
        `of ${planes} planes no channel; at this width expected at least ${Math.ceil(64 / planes)}`,
    );
  }
  return ofGroup * groups;
}

/** The convolution and the batch norm that end a residual. */
function lastNormed(options: BlockOptions, place: ConvolutionPlace): [conv: Module, norm: Module] {
  const batchNorm = options.zeroInitResidual ? { initialWeight: 0 } : {};
  return modelConvolutionNorm(options, { ...place, batchNorm });
}

/** relu(bn2(conv2(relu(bn1(conv1 x))))), both kernels 3x3: two convolutions of a plain network. */
export class PlainBlock extends Module {
  static readonly expansion = 1;
  readonly conv1: Module;
  readonly bn1: Module;
  readonly conv2: Module;
  readonly bn2: Module;

  constructor(options: BlockOptions) {
    super();
    const { inChannels, planes, stride } = options;
    const first = of3x3(options, inChannels, planes, stride);
    [this.conv1, this.bn1] = modelConvolutionNorm(options, first);
    [this.conv2, this.bn2] = lastNormed(options, of3x3(options, planes, planes, 1));
  }

  forward(input: Value): Value {
    return relu(this.convolved(input));
  }

  /** Everything before the last ReLU. */
  protected convolved(input: Value): Value {
    const x = relu(this.bn1.call(this.conv1.call(input)));
    return this.bn2.call(this.conv2.call(x));
  }
}

/** A {@link PlainBlock} with a shortcut around it, which ends before the ReLU; torchvision's. */
export class BasicBlock extends PlainBlock {
  readonly downsample?: Sequential;

  constructor(options: BlockOptions) {
    super(options);
    this.downsample = projection(options, options.planes);
  }

  override forward(input: Value): Value {
    return relu(add(this.convolved(input), this.downsample?.call(input) ?? input));
  }
}

/**
 * 1x1, 3x3 and 1x1 convolution, each with batch norm, around a shortcut; the 3x3 strides.
 * Torchvision's `Bottleneck`, GluonCV's v1b.
 */
export class Bottleneck extends Module {
  static readonly expansion: number = 4;
  readonly conv1: Module;
  readonly bn1: Module;
  readonly conv2: Module;
  readonly bn2: Module;
  readonly conv3: Module;
  readonly bn3: Module;
  readonly downsample?: Sequential;

  constructor(options: BlockOptions, strided: "conv1" | "conv2" = "conv2") {
    super();
    const { inChannels, planes, stride, groups } = options;
    const width = bottleneckWidth(options);
    const outChannels = planes * Bottleneck.expansion;
    const strideOf = (name: typeof strided) => name === strided ? stride : 1;
    const first = of1x1(options, inChannels, width, strideOf("conv1"));
    const second = of3x3(options, width, width, strideOf("conv2"), groups);
    [this.conv1, this.bn1] = modelConvolutionNorm(options, first);
    [this.conv2, this.bn2] = modelConvolutionNorm(options, second);
    [this.conv3, this.bn3] = lastNormed(options, of1x1(options, width, outChannels));
    this.downsample = projection(options, outChannels);
  }

  forward(input: Value): Value {
    let x = relu(this.bn1.call(this.conv1.call(input)));
    x = relu(this.bn2.call(this.conv2.call(x)));
    const residual = this.bn3.call(this.conv3.call(x));
    return relu(add(residual, this.downsample?.call(input) ?? input));
  }
}

/** A {@link Bottleneck} whose first 1x1 convolution strides: He et al.'s own, GluonCV's v1. */
export class BottleneckV1 extends Bottleneck {
  constructor(options: BlockOptions) {
    super(options, "conv1");
  }
}

/**
 * conv2(relu(bn2(conv1(relu(bn1 x))))) + shortcut, the shortcut taken from the raw input; GluonCV's
 * `CIFARBasicBlockV2`.
 */
export class PreActivationBlock extends Module {
  static readonly expansion: number = 1;
  readonly bn1: BatchNorm2d;
  readonly conv1: Module;
  readonly bn2: Module;
  readonly conv2: Module;
  readonly downsample?: Module;

  constructor(options: BlockOptions, private readonly projected: "input" | "activation" = "input") {
    super();
    const { inChannels, planes, stride } = options;
    this.bn1 = new BatchNorm2d(inChannels);
    const first = of3x3(options, inChannels, planes, stride);
    [this.conv1, this.bn2] = modelConvolutionNorm(options, first);
    this.conv2 = modelConvolution(options, of3x3(options, planes, planes, 1));
    this.downsample = bareProjection(options, planes);
  }

  forward(input: Value): Value {
    const active = relu(this.bn1.call(input));
    const x = relu(this.bn2.call(this.conv1.call(active)));
    const shortcut = this.downsample?.call(this.projected === "input" ? input : active) ?? input;
    return add(this.conv2.call(x), shortcut);
  }
}

/** A {@link PreActivationBlock} whose projection takes relu(bn1 x); GluonCV's `BasicBlockV2`. */
export class BasicBlockV2 extends PreActivationBlock {
  constructor(options: BlockOptions) {
    super(options, "activation");
  }
}

/** The pre-activation form of {@link Bottleneck}; GluonCV's `BottleneckV2`. */
export class BottleneckV2 extends Module {
  static readonly expansion = 4;
  readonly bn1: BatchNorm2d;
  readonly conv1: Module;
  readonly bn2: Module;
  readonly conv2: Module;
  readonly bn3: Module;
  readonly conv3: Module;
  readonly downsample?: Module;

  constructor(options: BlockOptions) {
    super();
    const { inChannels, planes, stride, groups } = options;
    const width = bottleneckWidth(options);
    const outChannels = planes * BottleneckV2.expansion;
    this.bn1 = new BatchNorm2d(inChannels);
    const first = of1x1(options, inChannels, width);
    const second = of3x3(options, width, width, stride, groups);
    [this.conv1, this.bn2] = modelConvolutionNorm(options, first);
    [this.conv2, this.bn3] = modelConvolutionNorm(options, second);
    this.conv3 = modelConvolution(options, of1x1(options, width, outChannels));
    this.downsample = bareProjection(options, outChannels);
  }

  forward(input: Value): Value {
    const active = relu(this.bn1.call(input));
    const x = relu(this.bn2.call(this.conv1.call(active)));
    const residual = this.conv3.call(relu(this.bn3.call(this.conv2.call(x))));
    return add(residual, this.downsample?.call(active) ?? input);
  }
}
