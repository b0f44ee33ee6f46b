/**
 * Convolution and its input gradient as one kind of loop nest: results at some positions, each a sum
 * over taps and channels of a source image.
 *
 * The input gradient of a convolution of stride s is computed by polyphase decomposition: it has s
 * components per axis. The input positions of one component meet the same taps, and their sources in
 * dy are neighbors, so each component is a correlation of stride 1 with some of the taps, and no
 * product with a zero is ever computed.
 */
import type { ConvolutionGeometry } from "./convolution_geometry.ts";

/** A polyphase component of one axis. Source index = position · `positionStep` + `firstSource` + tap · `tapStep`. */
export interface AxisComponent {
  readonly positions: number;
  /** Index of the first position's result, and distance from each result to the next. */
  readonly firstResult: number;
  readonly resultStep: number;
  /** Number of taps; 0 if no tap meets these positions, whose result is then zero. */
  readonly taps: number;
  /** Kernel index of tap 0, and from one tap to the next. */
  readonly firstTap: number;
  readonly kernelStep: number;
  readonly positionStep: number;
  readonly firstSource: number;
  readonly tapStep: number;
}

/** The only component of an axis of a forward convolution. */
export function forwardComponent(geometry: ConvolutionGeometry, axis: 0 | 1): AxisComponent {
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

/** The components of an axis of the input gradient of a convolution that pads with zeros. */
export function inputGradientComponents(
  geometry: ConvolutionGeometry,
  axis: 0 | 1,
): AxisComponent[] {
  const stride = geometry.stride[axis];
  return Array.from(
    { length: stride },
    (_, residue) => inputGradientComponent(geometry, axis, residue),
  )
    .filter(({ positions }) => positions > 0);
}

/**
 * The input positions i with (i + padding) mod stride = residue. With i + padding = q · stride +
 * residue, tap t reaches i from output q − (t · dilation − residue) / stride, if that divides.
 */
function inputGradientComponent(
  geometry: ConvolutionGeometry,
  axis: 0 | 1,
  residue: number,
): AxisComponent {
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
