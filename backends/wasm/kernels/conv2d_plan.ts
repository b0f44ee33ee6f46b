/**
 * How a convolution's loops are laid out: pure geometry, no code.
 *
 * Forward convolution and input gradient are both correlations over *strips*. A strip is a few rows
 * of an image as the kernel sees them: with the padding in place, so that every tap of every
 * position lies a constant distance from the position. All padding modes, strides and dilations
 * differ only in how a strip is filled and in the distances. Where the strip equals the image
 * nothing is copied.
 *
 * The input gradient of a convolution of stride s falls into s phases an axis: the input positions
 * of one phase meet the same taps, and their sources in dy lie side by side. So each phase is a
 * correlation of stride 1 over dy with some of the taps, in reverse order.
 */

import {
  type ConvolutionGeometry,
  type Pair,
  sourceIndex,
} from "../../../ops/convolution_geometry.ts";
import { TILE_ROWS } from "./gemm_tile.ts";

/** The taps that meet along one axis, and the positions whose result they give. */
export interface AxisPhase {
  /** How many results. */
  readonly positions: number;
  /** Where the first result goes, and how far the next ones are from it. */
  readonly firstResult: number;
  readonly resultStep: number;
  /** How many taps; 0 if no tap meets these positions, whose result then is zero. */
  readonly taps: number;
  /** Kernel index of the tap that lies first in the strip, and from it to the next one's. */
  readonly firstTap: number;
  readonly kernelStep: number;
  /** Strip place of the first tap for the first position, and strip places between taps. */
  readonly firstPlace: number;
  readonly placeStep: number;
}

/** One axis of a set of correlations over one strip. */
export interface AxisPlan {
  /** Source index of each strip place; -1 where it is zero. */
  readonly source: Int32Array;
  /** Whether strip places are source indices, so that the source serves as the strip. */
  readonly direct: boolean;
  /** Strip places between neighbouring positions. */
  readonly positionStep: number;
  readonly phases: readonly AxisPhase[];
}

/**
 * The same convolution over longer rows, where rows do not matter: with 1×1 kernels, stride 1 and no
 * padding several rows of an image are as good as one, and leave fewer tiles with missing positions.
 */
export function joinRows(geometry: ConvolutionGeometry): ConvolutionGeometry {
  const { kernelSize, stride, padding, inSize: [height, width] } = geometry;
  const pointwise = [...kernelSize, ...stride].every((extent) => extent === 1) &&
    padding.every((extent) => extent === 0);
  if (!pointwise) return geometry;
  let joined = 1;
  while (joined < height && (height % joined !== 0 || joined * width % TILE_ROWS !== 0)) joined++;
  const size: Pair = [height / joined, joined * width];
  return { ...geometry, inSize: size, outSize: size };
}

/** An axis of the forward convolution. */
export function forwardAxis(geometry: ConvolutionGeometry, axis: 0 | 1): AxisPlan {
  const positions = geometry.outSize[axis];
  const taps = geometry.kernelSize[axis];
  const positionStep = geometry.stride[axis];
  const placeStep = geometry.dilation[axis];
  const length = (positions - 1) * positionStep + (taps - 1) * placeStep + 1;
  const unstrided: ConvolutionGeometry = { ...geometry, stride: [1, 1], dilation: [1, 1] };
  const source = Int32Array.from({ length }, (_, place) => sourceIndex(unstrided, axis, place, 0));
  return plan(source, positionStep, [{
    positions,
    firstResult: 0,
    resultStep: 1,
    taps,
    firstTap: 0,
    kernelStep: 1,
    firstPlace: 0,
    placeStep,
  }]);
}

/** An axis of the input gradient of a convolution that pads with zeros. */
export function inputGradientAxis(geometry: ConvolutionGeometry, axis: 0 | 1): AxisPlan {
  const stride = geometry.stride[axis];
  const phases = Array.from(
    { length: stride },
    (_, residue) => gradientPhase(geometry, axis, residue),
  )
    .filter((phase) => phase.positions > 0);
  // Places counted from the smallest index any phase reads, which may lie before the first of dy.
  const first = Math.min(0, ...phases.map((phase) => phase.firstPlace));
  const last = Math.max(
    0,
    ...phases.map(({ firstPlace, taps, placeStep, positions }) =>
      firstPlace + (taps - 1) * placeStep + positions - 1
    ),
  );
  const size = geometry.outSize[axis];
  const source = Int32Array.from({ length: last - first + 1 }, (_, place) => {
    const index = place + first;
    return index >= 0 && index < size ? index : -1;
  });
  return plan(
    source,
    1,
    phases.map((phase) => ({ ...phase, firstPlace: phase.firstPlace - first })),
  );
}

/**
 * The input positions i with (i + padding) mod stride = residue. With i + padding = q · stride +
 * residue, tap t reaches i from the output position q − (t · dilation − residue) / stride, if that
 * division leaves no rest; so `firstPlace` is an index into dy.
 */
function gradientPhase(geometry: ConvolutionGeometry, axis: 0 | 1, residue: number): AxisPhase {
  const stride = geometry.stride[axis];
  const padding = geometry.padding[axis];
  const dilation = geometry.dilation[axis];
  const firstQ = Math.ceil((padding - residue) / stride);
  const lastQ = Math.floor((geometry.inSize[axis] - 1 + padding - residue) / stride);
  const taps: { tap: number; shift: number }[] = [];
  for (let tap = 0; tap < geometry.kernelSize[axis]; tap++) {
    const distance = tap * dilation - residue;
    if (distance % stride === 0) taps.push({ tap, shift: distance / stride });
  }
  taps.reverse();
  const [first, second] = taps;
  return {
    positions: lastQ - firstQ + 1,
    firstResult: firstQ * stride + residue - padding,
    resultStep: stride,
    taps: taps.length,
    firstTap: first?.tap ?? 0,
    kernelStep: second ? second.tap - first.tap : 1,
    firstPlace: first ? firstQ - first.shift : 0,
    placeStep: second ? first.shift - second.shift : 1,
  };
}

function plan(source: Int32Array, positionStep: number, phases: readonly AxisPhase[]): AxisPlan {
  const direct = source.every((index, place) => index === place);
  return { source, direct, positionStep, phases };
}

/** How the rows of positions are cut into bands, the units of work of one thread at a time. */
export interface Bands {
  /** Rows of positions in a band; the last one of an image may have fewer. */
  readonly rows: number;
  /** Bands an image. */
  readonly count: number;
  /** Strip rows a band reads. */
  readonly stripRows: number;
}

/** Bytes of a strip: of those sizes it stays in the second-level cache beside the kernel. */
const STRIP_BYTES = 1 << 17;

/**
 * Cuts the rows into bands whose strip stays in cache, and into enough of them that every thread
 * has some.
 *
 * @param rowBytes bytes of a strip row
 * @param images number of images
 * @param threads number of threads
 * @param cacheBytes bytes a strip should not exceed
 */
export function planBands(
  { phases, positionStep }: AxisPlan,
  rowBytes: number,
  images: number,
  threads: number,
  cacheBytes = STRIP_BYTES,
): Bands {
  const positions = Math.max(...phases.map((phase) => phase.positions));
  const stripRows = (rows: number) =>
    Math.max(
      ...phases.map(({ firstPlace, taps, placeStep }) =>
        firstPlace + Math.max(0, taps - 1) * placeStep + (rows - 1) * positionStep + 1
      ),
    );
  const wanted = Math.min(positions, Math.ceil(threads / images));
  let count = wanted;
  while (count < positions && stripRows(Math.ceil(positions / count)) * rowBytes > cacheBytes) {
    count++;
  }
  const rows = Math.ceil(positions / count);
  return { rows, count: Math.ceil(positions / rows), stripRows: stripRows(rows) };
}
