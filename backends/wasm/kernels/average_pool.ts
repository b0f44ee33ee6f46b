/**
 * Average pools and their gradients: tables list the pixels of each window. A global pool is one
 * window over the whole image.
 */
import type { GraphNode, Shape } from "../../../graph/types.ts";
import { adaptiveWindow } from "../../../ops/adaptive_avg_pool2d.ts";
import { averageDivisor, type AvgPool2dAttributes } from "../../../ops/avg_pool2d.ts";
import type { Pair } from "../../../ops/convolution_geometry.ts";
import {
  type PoolingGeometry,
  poolingGeometry,
  poolingWindow,
} from "../../../ops/pooling_geometry.ts";
import { f32x4, i32, v128, type WideVectors } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering } from "../kernel.ts";
import { type AxisWindow, walkWindows, type WindowBlock, windowTable } from "./windows.ts";

/** The windows along an axis, and the factor of an element of each along that axis. */
interface AverageAxis {
  readonly windows: readonly AxisWindow[];
  readonly shares: Float32Array;
}

/** An average pool, its windows along each axis. */
interface AverageGeometry extends Pick<PoolingGeometry, "inSize" | "outSize"> {
  readonly axes: readonly [AverageAxis, AverageAxis];
}

/** A divisor that all windows share is applied along the rows. */
function averageGeometry(inputShape: Shape, attributes: AvgPool2dAttributes): AverageGeometry {
  const { countIncludePad, divisorOverride } = attributes;
  const geometry = poolingGeometry("avgPool2d", inputShape, attributes);
  const one = { start: 0, end: 1, paddedLength: 1 };
  const axisOf = (axis: 0 | 1): AverageAxis => {
    const all = Array.from(
      { length: geometry.outSize[axis] },
      (_, position) => poolingWindow(geometry, axis, position),
    );
    return {
      windows: all.map(({ start, end }) => ({ first: start, count: end - start })),
      shares: Float32Array.from(
        all,
        (window) =>
          divisorOverride !== undefined && axis === 1
            ? 1
            : 1 / averageDivisor(window, one, { countIncludePad, divisorOverride }),
      ),
    };
  };
  return { ...geometry, axes: [axisOf(0), axisOf(1)] };
}

/** The pooling whose only window is the whole image. */
function globalGeometry(inputShape: Shape): AverageGeometry {
  const [, , height, width] = inputShape;
  return averageGeometry(inputShape, {
    kernelSize: [height, width],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    ceilMode: false,
    countIncludePad: false,
  });
}

/** The pooling to a given size. */
function adaptiveGeometry([, , height, width]: Shape, outSize: Pair): AverageGeometry {
  const axisOf = (inSize: number, outSize: number): AverageAxis => {
    const windows = Array.from({ length: outSize }, (_, position): AxisWindow => {
      const { start, end } = adaptiveWindow(inSize, outSize, position);
      return { first: start, count: end - start };
    });
    return { windows, shares: Float32Array.from(windows, ({ count }) => 1 / count) };
  };
  return {
    inSize: [height, width],
    outSize,
    axes: [axisOf(height, outSize[0]), axisOf(width, outSize[1])],
  };
}

/** For each pixel of an axis, the windows that contain it; they are consecutive. */
function coveringWindows(windows: readonly AxisWindow[], size: number): AxisWindow[] {
  return Array.from({ length: size }, (_, pixel) => {
    const covers = ({ first, count }: AxisWindow) => pixel >= first && pixel < first + count;
    const first = windows.findIndex(covers);
    return { first: Math.max(0, first), count: windows.filter(covers).length };
  });
}

function lowerAverage(
  { op, inputs: [input], outputs: [output] }: GraphNode,
  lowering: Lowering,
  geometry: AverageGeometry,
  gradient: boolean,
): void {
  const { batch, channels, paddedChannels } = lowering.layout(input);
  const { inSize, outSize, axes } = geometry;
  const walk = {
    paddedChannels,
    outSize: gradient ? inSize : outSize,
    inSize: gradient ? outSize : inSize,
    step: [1, 1],
  } as const;
  const windowsOf = (axis: 0 | 1) => {
    const { windows } = axes[axis];
    return windowTable(
      lowering,
      gradient ? coveringWindows(windows, inSize[axis]) : windows,
    );
  };
  lowering.launch({
    kernel: `${op.name} ${JSON.stringify(walk)}`,
    build: (f) =>
      walkWindows(f, lowering.target, walk, (v, count) => averageBlock(f, v, count, gradient)),
    args: {
      x: lowering.ref(input, [batch, channels, ...walk.inSize]),
      y: lowering.ref(output, [batch, channels, ...walk.outSize]),
      rows: windowsOf(0),
      columns: windowsOf(1),
      rowShares: lowering.table(axes[0].shares),
      columnShares: lowering.table(axes[1].shares),
    },
    writes: ["y"],
    items: batch * walk.outSize[0],
    images: { count: batch, operands: ["x", "y"] },
  });
}

/** Sums a window, each element times its window's share: that of the output, or that of the tap. */
function averageBlock(
  f: KernelFunction<string>,
  v: WideVectors,
  count: number,
  gradient: boolean,
): WindowBlock {
  const sums = v.locals(count), share = f.v128(), cursor = f.i32();
  const loadShare = (
    { row, column }: { row: Parameters<typeof i32.mul>[0]; column: typeof row },
  ) => {
    const { rowShares, columnShares } = f.parameters;
    const at = (table: typeof rowShares, index: typeof row) =>
      v128.load32Splat(i32.add(table, i32.mul(index, 4)));
    f.set(share, f32x4.mul(at(rowShares, row), at(columnShares, column)));
  };
  return {
    begin: () => sums.forEach((sum) => v.set(sum, v.zero())),
    tap(tap) {
      if (gradient) loadShare(tap);
      f.set(cursor, i32.add(f.parameters.x, tap.place));
      sums.forEach((sum, i) => {
        const x = v.load(cursor, i * v.bytes);
        v.set(sum, gradient ? v.madd(x, share, sum) : v.add(sum, x));
      });
    },
    end(pixel) {
      if (!gradient) {
        loadShare(pixel);
        sums.forEach((sum) => v.set(sum, v.mul(sum, share)));
      }
      f.set(cursor, i32.add(f.parameters.y, pixel.place));
      sums.forEach((sum, i) => v.store(cursor, sum, i * v.bytes));
    },
  };
}

/** Average pools, and their gradients, whose pixels are sums over the windows that contain them. */
export const averagePool: KernelFamily = {
  ops: ["avgPool2d", "globalAvgPool2d", "adaptiveAvgPool2d"].flatMap((op) => [op, `${op}Gradient`]),
  orders: ({ inputs, outputs }) => ({
    inputs: inputs.map(() => "channelsLast"),
    outputs: outputs.map(() => "channelsLast"),
  }),
  lower(node, lowering) {
    const { op: { name }, attributes, inputs: [input], outputs: [output] } = node;
    const gradient = name.endsWith("Gradient");
    const { shape } = gradient ? output : input;
    // From the op's attributes; the shapes of the values are checked against it.
    const [, , height, width] = input.shape;
    const outSize: Pair = attributes.outputSize ?? [height, width];
    const inShape: Shape = attributes.inputShape ?? shape;
    lowerAverage(node, lowering, geometryOf(name, inShape, outSize, attributes), gradient);
  },
};

function geometryOf(
  name: string,
  input: Shape,
  outSize: Pair,
  attributes: AvgPool2dAttributes,
): AverageGeometry {
  if (name.startsWith("globalAvgPool2d")) return globalGeometry(input);
  if (name.startsWith("adaptiveAvgPool2d")) return adaptiveGeometry(input, outSize);
  return averageGeometry(input, attributes);
}
