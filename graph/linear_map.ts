/** Ops that are linear in their input, described as convolutions. */

/**
 * A convolution of images [N, I, H, W] that need not be computed as one: a batch norm by fixed
 * statistics is a 1x1 kernel for each channel, an average pooling a constant one. A map of rows
 * [N, I] is a 1x1 kernel.
 */
export interface LinearMap {
  /** Channels of its input, I. */
  readonly inChannels: number;
  /** And of its output, O. */
  readonly outChannels: number;
  /** Number of groups; divides both. */
  readonly groups: number;
  /** Taps of its kernel. */
  readonly kernelSize: readonly [number, number];
  /** Pixels from one position to the next. */
  readonly stride: readonly [number, number];
  /** Rows and columns added beyond the border, on each side. */
  readonly padding: readonly [number, number];
  /** Pixels from one tap to the next. */
  readonly dilation: readonly [number, number];
  /** Contents of the padding: `zeros`, or another mode of a convolution. */
  readonly paddingMode: string;
  /** The kernel [O, I/groups, kH, kW], computed on demand. */
  weight(): Float64Array;
  /** The bias [O]; absent if there is none. */
  readonly bias?: () => Float64Array;
}

/** The map that multiplies everything by one number, which is computed on demand. */
export function multiplied(channels: number, factor: () => number): LinearMap {
  return { ...channelwise(channels), weight: () => new Float64Array(channels).fill(factor()) };
}

/** The extents of a map that treats each channel and each pixel separately. */
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
