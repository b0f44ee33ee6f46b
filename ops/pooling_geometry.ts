/** Shapes and windows shared by all pooling ops and kernels. */
import { InputError } from "../errors.ts";
import { type AttributeRules, flag, MAX_SIDE, pairOf } from "../graph/attribute_rules.ts";
import type { Shape } from "../graph/types.ts";
import { requireIntegers, requirePlannable, requireRank } from "./checks.ts";
import { pair } from "./conv2d.ts";
import type { Pair } from "./convolution_geometry.ts";

export interface PoolingAttributes {
  readonly kernelSize: Pair;
  readonly stride: Pair;
  /**
   * Rows and columns beyond the border that a window may reach on each side; at most half a window.
   */
  readonly padding: Pair;
  readonly dilation: Pair;
  /** Whether a last window that is partly outside the padded image is kept. */
  readonly ceilMode: boolean;
}

/** A pooling to try ops on: adjacent windows of 2×2. */
export const POOLING_SAMPLE: PoolingAttributes = {
  kernelSize: [2, 2],
  stride: [2, 2],
  padding: [0, 0],
  dilation: [1, 1],
  ceilMode: false,
};

/** Rules for these attributes in a stored program; dilations are at most `mostDilation`. */
export function storedPooling(mostDilation = MAX_SIDE): AttributeRules<PoolingAttributes> {
  return {
    kernelSize: pairOf(1),
    stride: pairOf(1),
    padding: pairOf(0),
    dilation: pairOf(1, mostDilation),
    ceilMode: flag,
  };
}

/** Options of the pooling ops; PyTorch's names and defaults. */
export interface PoolingOptions {
  /** Height and width of a window, or one number for both. */
  readonly kernelSize: number | Pair;
  /** Default: the kernel size. */
  readonly stride?: number | Pair;
  /** Default 0; at most half of the kernel size. */
  readonly padding?: number | Pair;
  /** Whether a last window that is partly outside the image is kept. Default false. */
  readonly ceilMode?: boolean;
}

/** The attributes that options stand for, `dilation` 1. */
export function poolingAttributes(options: PoolingOptions): PoolingAttributes {
  return {
    kernelSize: pair(options.kernelSize),
    stride: pair(options.stride ?? options.kernelSize),
    padding: pair(options.padding ?? 0),
    dilation: [1, 1],
    ceilMode: options.ceilMode ?? false,
  };
}

export interface PoolingGeometry extends PoolingAttributes {
  readonly batch: number;
  readonly channels: number;
  /** Input height and width. */
  readonly inSize: Pair;
  /** Output height and width. */
  readonly outSize: Pair;
}

/**
 * The geometry of a pooling of an input [N, C, H, W]. Throws InputError where it does not fit.
 * Matches `pooling_output_shape` of PyTorch: with `ceilMode` the size is rounded up, but a window
 * that would begin beyond the image and its left padding is dropped.
 */
export function poolingGeometry(
  op: string,
  input: Shape,
  attributes: PoolingAttributes,
): PoolingGeometry {
  const { kernelSize, stride, padding, dilation, ceilMode } = attributes;
  requireRank(op, "input", input, 4, "[batch, channels, height, width]");
  requireIntegers(op, "kernelSize", kernelSize, 1);
  requireIntegers(op, "stride", stride, 1);
  requireIntegers(op, "padding", padding, 0);
  requireIntegers(op, "dilation", dilation, 1);
  const [batch, channels, height, width] = input;
  const inSize: Pair = [height, width];
  requirePlannable(op, channels, inSize, attributes);
  const outSize = ([0, 1] as const).map((axis) => {
    if (padding[axis] * 2 > kernelSize[axis]) {
      throw new InputError(
        `${op}: padding of ${padding.join("x")} is more than half of the window of ` +
          `${kernelSize.join("x")}`,
      );
    }
    const reach = dilation[axis] * (kernelSize[axis] - 1) + 1;
    const room = inSize[axis] + 2 * padding[axis] - reach;
    let size = Math.floor((room + (ceilMode ? stride[axis] - 1 : 0)) / stride[axis]) + 1;
    if (ceilMode && (size - 1) * stride[axis] >= inSize[axis] + padding[axis]) size--;
    if (room < 0 && !ceilMode || size < 1) {
      throw new InputError(
        `${op}: a window of ${kernelSize.join("x")} (dilation ${dilation.join("x")}) is larger ` +
          `than the padded image of ${inSize.join("x")} (padding ${padding.join("x")})`,
      );
    }
    return size;
  });
  const geometry = {
    ...attributes,
    batch,
    channels,
    inSize,
    outSize: [outSize[0], outSize[1]] as const,
  };
  for (const axis of [0, 1] as const) {
    for (let position = 0; position < outSize[axis]; position++) {
      const { start, end } = poolingWindow(geometry, axis, position);
      if (start >= end) {
        throw new InputError(
          `${op}: a window of ${kernelSize.join("x")} (dilation ${dilation.join("x")}, padding ` +
            `${padding.join("x")}) holds no pixel of an image of ${inSize.join("x")}`,
        );
      }
    }
  }
  return geometry;
}

/** ONNX's padding [top, left, bottom, right], with which rounding down gives the output size. */
export function onnxPads(geometry: PoolingGeometry): number[] {
  const { kernelSize, stride, padding, dilation, inSize, outSize } = geometry;
  const end = ([0, 1] as const).map((axis) => {
    const reach = dilation[axis] * (kernelSize[axis] - 1) + 1;
    const covered = (outSize[axis] - 1) * stride[axis] + reach;
    return Math.max(0, covered - inSize[axis] - padding[axis]);
  });
  return [...padding, ...end];
}

/** The shape [N, C, oH, oW] of a pooling's result. */
export function pooledShape({ batch, channels, outSize }: PoolingGeometry): Shape {
  return [batch, channels, ...outSize];
}

/** The rows (axis 0) or columns (axis 1) of a window that lie within the image. */
export interface PoolingWindow {
  /** First one. */
  readonly start: number;
  /** One past the last; the window reads every `dilation`-th one, starting at `start`. */
  readonly end: number;
  /** Number the window covers in the padded image: the count of average pooling with padding. */
  readonly paddedLength: number;
}

/** The window of output row or column `position`. */
export function poolingWindow(
  { kernelSize, stride, padding, dilation, inSize }: PoolingGeometry,
  axis: 0 | 1,
  position: number,
): PoolingWindow {
  const first = position * stride[axis] - padding[axis];
  const beyond = first + dilation[axis] * (kernelSize[axis] - 1) + 1;
  const skipped = Math.max(0, Math.ceil(-first / dilation[axis]));
  return {
    start: first + skipped * dilation[axis],
    end: Math.min(beyond, inSize[axis]),
    paddedLength: Math.min(beyond, inSize[axis] + padding[axis]) - first,
  };
}

/** Calls `visit` for every window with the offsets of its output element and its input plane. */
export function forEachWindow(
  geometry: PoolingGeometry,
  visit: (output: number, plane: number, rows: PoolingWindow, columns: PoolingWindow) => void,
): void {
  const { batch, channels, inSize, outSize } = geometry;
  const axes = ([0, 1] as const).map((axis) =>
    Array.from({ length: outSize[axis] }, (_, position) => poolingWindow(geometry, axis, position))
  );
  let output = 0;
  for (let image = 0; image < batch * channels; image++) {
    for (const rows of axes[0]) {
      for (const columns of axes[1]) {
        visit(output++, image * inSize[0] * inSize[1], rows, columns);
      }
    }
  }
}
