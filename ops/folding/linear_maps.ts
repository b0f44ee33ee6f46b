/**
 * The algebra of convolutions: one after another, and the sum of several with one input.
 *
 * On each axis, tap `t` of a map reads the input at `s·p + o(t)` for output position `p`, with
 * stride `s` and offset `o(t) = dilation·t − padding`. The padding is zeros.
 */
import type { LinearMap } from "../../graph/linear_map.ts";
import { greatestCommonDivisor } from "../../graph/numbers.ts";
import type { Pair } from "../convolution_geometry.ts";

/** A map without its numbers. */
type Extents = Omit<LinearMap, "weight" | "bias">;

const pairOf = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];
const isZero = (padding: Pair) => padding[0] === 0 && padding[1] === 0;
const isOne = (size: Pair) => size[0] === 1 && size[1] === 1;

/** Whether it treats each channel and each pixel separately. */
function isChannelwise(map: LinearMap): boolean {
  return isOne(map.kernelSize) && isOne(map.stride) && isZero(map.padding) &&
    map.groups === map.inChannels && map.inChannels === map.outChannels;
}

/**
 * `second` after `first` as one map; undefined if there is none.
 *
 * With strides s₁, s₂ and offsets o₁, o₂, output p of the second reads y at `s₂·p + o₂(u)`, and y
 * at r reads x at `s₁·r + o₁(t)`: together `s₁s₂·p + s₁·o₂(u) + o₁(t)`, a kernel whose element is
 * the sum over the channels between of K₂·K₁, and a bias `b₂ + Σ K₂·b₁`. That holds if r is within
 * y. Beyond its border the second reads the zeros of its padding, where the one map has
 * `b₁ + Σ K₁·x`. So the second must not be padded; or the first must treat each pixel separately,
 * without padding or bias, so that it reads only zeros of the joint padding there. Padding of
 * another mode repeats pixels of y, and those of x if the first map treats each pixel separately at
 * stride 1.
 */
export function composed(first: LinearMap, second: LinearMap): LinearMap | undefined {
  const isPadded = !isZero(second.padding);
  if (isPadded) {
    const byPixel = isOne(first.kernelSize) && isZero(first.padding);
    const fits = second.paddingMode === "zeros" ? isUnbiased(first) : isOne(first.stride);
    if (!byPixel || !fits) return undefined;
  }
  const offsets = ([0, 1] as const).map((axis) =>
    offsetsOf(second, axis).flatMap((late) =>
      offsetsOf(first, axis).map((early) => first.stride[axis] * late + early)
    )
  );
  const extents: Extents = {
    inChannels: first.inChannels,
    outChannels: second.outChannels,
    groups: greatestCommonDivisor(first.groups, second.groups),
    stride: pairOf((axis) => first.stride[axis] * second.stride[axis]),
    ...gridOf(offsets),
    paddingMode: isPadded ? second.paddingMode : first.paddingMode,
  };
  const { bias: before } = first;
  const { bias: after } = second;
  return {
    ...extents,
    weight: () => composedKernel(first, second, extents),
    ...(before || after ? { bias: () => composedBias(second, before?.(), after?.()) } : {}),
  };
}

function isUnbiased({ bias }: LinearMap): boolean {
  return !bias || bias().every((value) => value === 0);
}

/** The offsets of a map's taps on an axis. */
function offsetsOf({ kernelSize, dilation, padding }: Extents, axis: 0 | 1): number[] {
  return Array.from({ length: kernelSize[axis] }, (_, t) => dilation[axis] * t - padding[axis]);
}

/**
 * The smallest kernel with taps at these offsets on each axis; the smallest offset is not above 0.
 */
function gridOf(
  offsets: readonly (readonly number[])[],
): Pick<Extents, "kernelSize" | "padding" | "dilation"> {
  const padding = pairOf((axis) => 0 - Math.min(...offsets[axis]));
  const dilation = pairOf((axis) =>
    offsets[axis].reduce((step, o) => greatestCommonDivisor(step, o + padding[axis]), 0) || 1
  );
  const kernelSize = pairOf((axis) =>
    (Math.max(...offsets[axis]) + padding[axis]) / dilation[axis] + 1
  );
  return { kernelSize, padding, dilation };
}

/** The index of the tap at this offset in a kernel, along an axis. */
function tapAt({ padding, dilation }: Extents, axis: 0 | 1, offset: number): number {
  return (offset + padding[axis]) / dilation[axis];
}

/** The index of each tap of a map with these offsets in the kernel [kH, kW] of a larger map. */
function places(map: Extents, larger: Extents, stride: Pair, shift: Pair): number[] {
  const [rows, columns] = ([0, 1] as const).map((axis) =>
    offsetsOf(map, axis).map((o) => tapAt(larger, axis, stride[axis] * o + shift[axis]))
  );
  return rows.flatMap((row) => columns.map((column) => row * larger.kernelSize[1] + column));
}

const areaOf = ({ kernelSize: [height, width] }: Extents) => height * width;

function composedKernel(first: LinearMap, second: LinearMap, extents: Extents): Float64Array {
  const [early, late] = [first.weight(), second.weight()];
  if (isChannelwise(second)) {
    const row = early.length / first.outChannels;
    return early.map((value, i) => value * late[Math.floor(i / row)]);
  }
  const area = areaOf(second), taps = areaOf(first), whole = areaOf(extents);
  const { inChannels, outChannels, groups } = extents;
  const width = inChannels / groups;
  const kernel = new Float64Array(outChannels * width * whole);
  const placed = offsetPairs(second).map((late) =>
    places(first, extents, [1, 1], pairOf((axis) => first.stride[axis] * late[axis]))
  );
  const between = second.inChannels / second.groups;
  // Intermediate channels with the same inputs, and the numbers of each.
  const block = greatestCommonDivisor(between, first.outChannels / first.groups);
  const inputs = first.inChannels / first.groups, row = inputs * taps;
  const sums = new Float64Array(row);
  for (let o = 0; o < outChannels; o++) {
    const begin = Math.floor(o / (outChannels / second.groups)) * between;
    const left = Math.floor(o / (outChannels / groups)) * width;
    for (let m = 0; m < between; m += block) {
      const group = Math.floor((begin + m) / (first.outChannels / first.groups));
      const to = o * width + group * inputs - left;
      for (let u = 0; u < area; u++) {
        sums.fill(0);
        for (let c = m; c < m + block; c++) {
          const factor = late[(o * between + c) * area + u];
          if (factor !== 0) addRow(sums, early, (begin + c) * row, factor);
        }
        for (let k = 0; k < row; k++) {
          kernel[(to + Math.floor(k / taps)) * whole + placed[u][k % taps]] += sums[k];
        }
      }
    }
  }
  return kernel;
}

/**
 * Adds `factor` times the numbers of `rows`, starting at an offset: nearly all time of folding is
 * spent here.
 */
function addRow(sums: Float64Array, rows: Float64Array, offset: number, factor: number): void {
  for (let k = 0; k < sums.length; k++) sums[k] += factor * rows[offset + k];
}

function offsetPairs(map: Extents): Pair[] {
  return offsetsOf(map, 0).flatMap((row) => offsetsOf(map, 1).map((column): Pair => [row, column]));
}

function composedBias(
  second: LinearMap,
  before: Float64Array | undefined,
  after: Float64Array | undefined,
): Float64Array {
  const { outChannels, inChannels, groups } = second;
  const bias = new Float64Array(outChannels);
  if (before) {
    const kernel = second.weight(), area = areaOf(second), between = inChannels / groups;
    bias.forEach((_, o) => {
      const begin = Math.floor(o / (outChannels / groups)) * between;
      for (let k = 0; k < between * area; k++) {
        bias[o] += kernel[o * between * area + k] * before[begin + Math.floor(k / area)];
      }
    });
  }
  return after ? bias.map((value, o) => value + after[o]) : bias;
}

/**
 * The sum of several maps of one input with one shape of output, as one map; undefined if their
 * strides or paddings cannot be combined in one kernel.
 *
 * Kernels add up where their taps have the same offset, so each is placed in one with all their
 * offsets; biases add up. The number of groups divides all of theirs: blocks of a kernel's diagonal
 * are within those of a coarser one, with zeros between them. Padding is the widest; a smaller
 * kernel reads less of it, with the same values.
 */
export function summed(maps: readonly LinearMap[]): LinearMap | undefined {
  const [{ inChannels, outChannels, stride }] = maps;
  const modes = new Set(
    maps.filter(({ padding }) => !isZero(padding)).map(({ paddingMode }) => paddingMode),
  );
  const isAlike = (map: LinearMap) => map.stride[0] === stride[0] && map.stride[1] === stride[1];
  if (modes.size > 1 || !maps.every(isAlike)) return undefined;
  const offsets = ([0, 1] as const).map((axis) => maps.flatMap((map) => offsetsOf(map, axis)));
  const [paddingMode = "zeros"] = modes;
  const extents: Extents = {
    inChannels,
    outChannels,
    groups: maps.reduce((groups, map) => greatestCommonDivisor(groups, map.groups), 0),
    stride,
    ...gridOf(offsets),
    paddingMode,
  };
  const biases = maps.flatMap(({ bias }) => bias ?? []);
  return {
    ...extents,
    weight: () => summedKernel(maps, extents),
    ...(biases.length === 0 ? {} : {
      bias: () =>
        biases.map((bias) => bias()).reduce((sum, bias) => sum.map((value, o) => value + bias[o])),
    }),
  };
}

function summedKernel(maps: readonly LinearMap[], extents: Extents): Float64Array {
  const { inChannels, outChannels, groups } = extents;
  const width = inChannels / groups, whole = areaOf(extents);
  const kernel = new Float64Array(outChannels * width * whole);
  for (const map of maps) {
    const weight = map.weight(), inputs = map.inChannels / map.groups, taps = areaOf(map);
    const placed = places(map, extents, [1, 1], [0, 0]);
    for (let o = 0; o < outChannels; o++) {
      const source = Math.floor(o / (outChannels / map.groups)) * inputs -
        Math.floor(o / (outChannels / groups)) * width;
      for (let i = 0; i < inputs; i++) {
        const to = (o * width + source + i) * whole, from = (o * inputs + i) * taps;
        for (let t = 0; t < taps; t++) kernel[to + placed[t]] += weight[from + t];
      }
    }
  }
  return kernel;
}
