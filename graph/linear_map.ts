/** Ops that are linear in their input, described as the convolutions they are. */

/** Rows and columns. */
type Pair = readonly [number, number];

/**
 * A convolution of images [N, I, H, W] that need not be computed as one: a batch norm by fixed
 * statistics is a 1x1 kernel for each channel, an average pooling a constant one. A map of rows
 * [N, I] is a 1x1 kernel.
 */
export interface LinearMap {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Divides both. */
  readonly groups: number;
  readonly kernelSize: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly dilation: Pair;
  /** What lies beyond the border; `zeros`, or another mode of a convolution. */
  readonly paddingMode: string;
  /** The kernel [O, I/groups, kH, kW], computed when it is asked for. */
  weight(): Float64Array;
  /** What is added, [O]; absent where nothing is. */
  readonly bias?: () => Float64Array;
}

/** The extents of a map that takes each channel by itself and each pixel by itself. */
export function channelwise(channels: number): Omit<LinearMap, "weight" | "bias"> {
  return {
    inChannels: channels,
    outChannels: channels,
    groups: channels,
    kernelSize: [1, 1],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    paddingMode: "zeros",
  };
}
