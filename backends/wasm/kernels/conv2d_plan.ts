/**
 * How a convolution's loops are laid out: geometry only, no code.
 *
 * Forward convolution and input gradient are both correlations over *strips*. A strip is a few rows
 * of an image as the kernel sees them: with the padding in place, so that every tap is a constant
 * distance from its position. All padding modes, strides and dilations differ only in how a strip
 * is filled and in the distances. If the strip equals the image, nothing is copied.
 */
import { isBalanced } from "../shares.ts";

import {
  type ConvolutionGeometry,
  type Pair,
  sourceIndex,
} from "../../../ops/convolution_geometry.ts";
import {
  type AxisComponent,
  forwardComponent,
  inputGradientComponents,
} from "../../../ops/polyphase.ts";

/** The taps that meet along one axis, in their order in the strip. */
export interface StripComponent extends
  Pick<
    AxisComponent,
    "positions" | "firstResult" | "resultStep" | "taps" | "firstTap" | "kernelStep"
  > {
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
  readonly components: readonly StripComponent[];
}

/**
 * The same convolution over longer rows, where rows do not matter: with 1×1 kernels, stride 1 and
 * no padding several rows of an image can be one, which leaves fewer incomplete tiles.
 */
export function joinRows(geometry: ConvolutionGeometry, tileRows: number): ConvolutionGeometry {
  const { kernelSize, stride, padding, inSize: [height, width] } = geometry;
  const pointwise = [...kernelSize, ...stride].every((extent) => extent === 1) &&
    padding.every((extent) => extent === 0);
  if (!pointwise) return geometry;
  let joined = 1;
  while (joined < height && (height % joined !== 0 || joined * width % tileRows !== 0)) joined++;
  const size: Pair = [height / joined, joined * width];
  return { ...geometry, inSize: size, outSize: size };
}

/** An axis of the forward convolution. With one tap, the strip has only places that are read. */
export function forwardAxis(geometry: ConvolutionGeometry, axis: 0 | 1): AxisPlan {
  const component = stripComponent(forwardComponent(geometry, axis));
  const { positions, positionStep, firstSource, taps, placeStep } = component;
  const [step, skipped] = taps === 1 ? [1, positionStep] : [positionStep, 1];
  const length = (positions - 1) * step + (taps - 1) * placeStep + 1;
  const unstrided: ConvolutionGeometry = { ...geometry, stride: [1, 1], dilation: [1, 1] };
  const source = Int32Array.from(
    { length },
    (_, place) => sourceIndex(unstrided, axis, place * skipped, 0),
  );
  return plan(source, step, firstSource, [component]);
}

/** An axis of the input gradient of a convolution that pads with zeros. */
export function inputGradientAxis(geometry: ConvolutionGeometry, axis: 0 | 1): AxisPlan {
  const components = inputGradientComponents(geometry, axis).map(stripComponent);
  // Places counted from the smallest index any component reads, which may precede the first of dy.
  const first = Math.min(0, ...components.map((component) => component.firstPlace));
  const last = Math.max(
    0,
    ...components.map(({ firstPlace, taps, placeStep, positions }) =>
      firstPlace + (taps - 1) * placeStep + positions - 1
    ),
  );
  const size = geometry.outSize[axis];
  const source = Int32Array.from({ length: last - first + 1 }, (_, place) => {
    const index = place + first;
    return index >= 0 && index < size ? index : -1;
  });
  return plan(source, 1, first, components);
}

/** A component whose `firstPlace` is an index into the source; strips are read forwards. */
function stripComponent(component: AxisComponent): AxisComponent & StripComponent {
  const { taps, firstTap, kernelStep, firstSource, tapStep } = component;
  if (taps < 2 || tapStep > 0) return { ...component, firstPlace: firstSource, placeStep: tapStep };
  const last = taps - 1;
  return {
    ...component,
    firstTap: firstTap + last * kernelStep,
    kernelStep: -kernelStep,
    firstPlace: firstSource + last * tapStep,
    placeStep: -tapStep,
  };
}

/** @param first index into the source of the first strip place */
function plan(
  source: Int32Array,
  positionStep: number,
  first: number,
  components: readonly StripComponent[],
): AxisPlan {
  return {
    source,
    direct: source.every((index, place) => index === place),
    positionStep,
    components: components.map((component) => ({
      ...component,
      firstPlace: component.firstPlace - first,
    })),
  };
}

/** How the rows of positions are split into bands, the units of work of one thread at a time. */
export interface Bands {
  /** Rows of positions in a band; the last one of an image may have fewer. */
  readonly rows: number;
  /** Bands per image. */
  readonly count: number;
  /** Strip rows that a band reads. */
  readonly stripRows: number;
}

/**
 * Splits the rows into bands that fit into the cache, and into enough of them that the threads have
 * about the same number.
 *
 * @param images number of images
 * @param threads number of threads
 * @param fits whether a band of `rows` rows of positions, which reads `stripRows` rows, fits
 */
export function planBands(
  { components, positionStep }: AxisPlan,
  images: number,
  threads: number,
  fits: (rows: number, stripRows: number) => boolean,
): Bands {
  const positions = Math.max(...components.map((component) => component.positions));
  const stripRows = (rows: number) =>
    Math.max(
      ...components.map(({ firstPlace, taps, placeStep }) =>
        firstPlace + Math.max(0, taps - 1) * placeStep + (rows - 1) * positionStep + 1
      ),
    );
  let count = Math.min(positions, Math.ceil(threads / images));
  while (count < positions && !isBalanced(images * count, threads)) count++;
  const rowsOf = (count: number) => Math.ceil(positions / count);
  while (count < positions && !fits(rowsOf(count), stripRows(rowsOf(count)))) count++;
  const rows = Math.ceil(positions / count);
  return { rows, count: Math.ceil(positions / rows), stripRows: stripRows(rows) };
}
