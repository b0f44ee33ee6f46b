/**
 * MobileNet, by Howard et al. (arXiv:1704.04861): alternating depthwise and pointwise convolutions,
 * in GluonCV's structure (`mobilenet1.0`, `mobilenet0.25`, …).
 */
import { ReLU } from "../layers/activations.ts";
import { normal, zeros } from "../layers/init.ts";
import { Linear } from "../layers/linear.ts";
import { Sequential } from "../layers/sequential.ts";
import { MobileNet, mobileSchema, mobileStem, normedConvolution } from "./mobile.ts";
import type { ModelEntry, ModelOptions } from "./options.ts";

interface MobileNetV1Options extends ModelOptions {
  /** Factor of all channels, truncated to whole numbers. Default 1. */
  readonly widthMult?: number;
}

/** Channels of the stem, then of each pointwise convolution. */
const CHANNELS = [32, 64, 128, 128, 256, 256, ...Array<number>(6).fill(512), 1024, 1024];
/** Of each depthwise convolution. */
const STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];

/**
 * `features.0`: 3x3 convolution at stride 2, batch norm, ReLU; `features.N`: depthwise 3x3
 * convolution (`0`), batch norm, ReLU, pointwise convolution (`3`), batch norm, ReLU; average pool,
 * `classifier`. Starts as torchvision starts MobileNet v2.
 */
export function mobileNetV1(options: MobileNetV1Options): MobileNet {
  const { classes, widthMult = 1 } = options;
  const channels = CHANNELS.map((count) => Math.floor(count * widthMult));
  const activation = () => new ReLU();
  const blocks = STRIDES.map((stride, i) => {
    const [inChannels, outChannels] = channels.slice(i, i + 2);
    const depthwise = { inChannels, outChannels: inChannels, groups: inChannels, stride };
    return new Sequential(
      ...normedConvolution(options, { ...depthwise, kernelSize: 3, activation }).layers,
      ...normedConvolution(options, { inChannels, outChannels, kernelSize: 1, activation }).layers,
    );
  });
  const features = new Sequential(mobileStem(options, channels[0], activation), ...blocks);
  const start = { initialize: normal(0.01), initializeBias: zeros };
  return new MobileNet(features, new Linear(channels.at(-1)!, classes, start));
}

const schema = mobileSchema.omit({ dropout: true });

export const mobileNetV1Entry: ModelEntry<typeof schema> = {
  about: "A network of depthwise and pointwise convolutions, as GluonCV's",
  schema,
  build: mobileNetV1,
};
