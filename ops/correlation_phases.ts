/**
 * Convolution and its input gradient as one kind of loop nest: results at some positions, each a sum
 * over taps and channels of a source image.
 *
 * The input gradient of a convolution of stride s falls into s phases an axis: the input positions
 * of one phase meet the same taps, and their sources in dy lie side by side. So each phase is a
 * correlation of stride 1 with some of the taps, and no product with a zero is ever computed.
 */
import type { ConvolutionGeometry } from "./convolution_geometry.ts";

/** One axis of a phase. Source index = position · `positionStep` + `firstSource` + tap · `tapStep`. */
export interface AxisPhase {
  /** How many positions. */
  readonly positions: number;
  /** Where the first position's result goes, and how far the next ones are from it. */
  readonly firstResult: number;
  readonly resultStep: number;
  /** How many taps; 0 where no tap meets these positions, whose result is zero. */
  readonly taps: number;
  /** Kernel index of tap 0, and from one tap to the next. */
  readonly firstTap: number;
  readonly kernelStep: number;
  readonly positionStep: number;
  readonly firstSource: number;
  readonly tapStep: number;
}

/** The one phase of a forward convolution's axis. */
export function forwardPhase(geometry: ConvolutionGeometry, axis: 0 | 1): AxisPhase {
  return {
    positions: geometry.outSize[axis],
    firstResult: 0,
    resultStep: 1,
    taps: geometry.kernelSize[axis],
    firstTap: 0,
    kernelStep: 1,
    positionStep: geometry.stride[axis],
    firstSource: -geometry.padding[axis],
    tapStep: geometry.dilation[axis],
  };
}

/** The phases of an axis of the input gradient of a convolution that pads with zeros. */
export function inputGradientPhases(geometry: ConvolutionGeometry, axis: 0 | 1): AxisPhase[] {
  const stride = geometry.stride[axis];
  return Array.from({ length: stride }, (_, residue) => inputGradientPhase(geometry, axis, residue))
    .filter(({ positions }) => positions > 0);
}

/**
 * The input positions i with (i + padding) mod stride = residue. With i + padding = q · stride +
 * residue, tap t reaches i from output q − (t · dilation − residue) / stride, if that divides.
 */
function inputGradientPhase(
  geometry: ConvolutionGeometry,
  axis: 0 | 1,
  residue: number,
): AxisPhase {
  const stride = geometry.stride[axis];
  const padding = geometry.padding[axis];
  const firstQ = Math.ceil((padding - residue) / stride);
  const lastQ = Math.floor((geometry.inSize[axis] - 1 + padding - residue) / stride);
  const taps: { tap: number; shift: number }[] = [];
  for (let tap = 0; tap < geometry.kernelSize[axis]; tap++) {
    const distance = tap * geometry.dilation[axis] - residue;
    if (distance % stride === 0) taps.push({ tap, shift: distance / stride });
  }
  const [first, second] = taps;
  return {
    positions: lastQ - firstQ + 1,
    firstResult: firstQ * stride + residue - padding,
    resultStep: stride,
    taps: taps.length,
    firstTap: first?.tap ?? 0,
    kernelStep: second ? second.tap - first.tap : 1,
    positionStep: 1,
    firstSource: first ? firstQ - first.shift : 0,
    tapStep: second ? first.shift - second.shift : 1,
  };
}
