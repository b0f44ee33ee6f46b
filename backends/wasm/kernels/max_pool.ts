/** Maximum pools and their gradient. */
import {
  type PoolingAttributes,
  type PoolingGeometry,
  poolingGeometry,
  poolingWindow,
} from "../../../ops/pooling_geometry.ts";
import {
  f32,
  f32x4,
  i32,
  i32x4,
  memory,
  v128,
  type Wide,
  type WideOperand,
  type WideVectors,
} from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";
import { isBalanced } from "../shares.ts";
import { type AxisWindow, walkWindows, type WindowBlock, windowTable } from "./windows.ts";

function axisWindows(geometry: PoolingGeometry, axis: 0 | 1): AxisWindow[] {
  const step = geometry.dilation[axis];
  return Array.from({ length: geometry.outSize[axis] }, (_, position) => {
    const { start, end } = poolingWindow(geometry, axis, position);
    return { first: start, count: Math.ceil((end - start) / step) };
  });
}

/** `maxPool2d`: the largest element and its index. */
export const maxPool2d: KernelFamily = {
  ops: ["maxPool2d"],
  orders: () => ({ inputs: ["channelsLast"], outputs: ["channelsLast", "channelsLast"] }),
  lower({ inputs: [input], outputs: [output, indices], attributes }, lowering) {
    const geometry = poolingGeometry("maxPool2d", input.shape, attributes as PoolingAttributes);
    const { batch, channels, paddedChannels } = lowering.layout(input);
    const { inSize, outSize, dilation: step } = geometry;
    const outShape = [batch, channels, ...outSize];
    const walk = { paddedChannels, inSize, outSize, step };
    lowering.launch({
      kernel: `maxPool2d ${JSON.stringify(walk)}`,
      build: (f) =>
        walkWindows(f, lowering.target, walk, (v, count) => maximumBlock(f, v, count, inSize[1])),
      args: {
        x: lowering.ref(input, [batch, channels, ...inSize]),
        y: lowering.ref(output, outShape),
        indices: lowering.ref(indices, outShape),
        rows: windowTable(lowering, axisWindows(geometry, 0)),
        columns: windowTable(lowering, axisWindows(geometry, 1)),
      },
      writes: ["y", "indices"],
      items: batch * outSize[0],
      images: { count: batch, operands: ["x", "y", "indices"] },
    });
  },
};

/** Keeps the largest element so far and its index in the plane. */
function maximumBlock(
  f: KernelFunction<string>,
  v: WideVectors,
  count: number,
  width: number,
): WindowBlock {
  const largest = v.locals(count), places = v.locals(count);
  const value = v.local(), better = v.local(), here = f.v128(), cursor = f.i32();
  const setHere = (row: typeof cursor, column: typeof cursor) =>
    f.set(here, i32x4.splat(i32.add(i32.mul(row, width), column)));
  return {
    begin(pixel) {
      setHere(pixel.firstRow, pixel.firstColumn);
      for (const local of largest) v.set(local, v.constant(-Infinity));
      for (const local of places) v.set(local, here);
    },
    tap(tap) {
      setHere(tap.row, tap.column);
      f.set(cursor, i32.add(f.parameters.x, tap.place));
      largest.forEach((local, i) => {
        v.set(value, v.load(cursor, i * v.bytes));
        v.set(better, v.or(v.greater(value, local), notNumber(value)));
        v.set(local, v.select(better, value, local));
        v.set(places[i], v.select(better, here, places[i]));
      });
    },
    end(pixel) {
      const store = (base: typeof cursor, locals: readonly WideOperand[]) => {
        f.set(cursor, i32.add(base, pixel.place));
        locals.forEach((local, i) => v.store(cursor, local, i * v.bytes));
      };
      store(f.parameters.y, largest);
      store(f.parameters.indices, places);
    },
  };
}

/** Mask of the lanes that are NaN. */
function notNumber({ halves }: Wide): Wide {
  return { halves: halves.map((half) => f32x4.ne(half, half)) };
}

/**
 * `maxPool2dGradient`: adds each output's gradient to the element that the output was. An item is
 * an image, or four channels of one where images cannot be partitioned evenly.
 */
export const maxPool2dGradient: KernelFamily = {
  ops: ["maxPool2dGradient"],
  orders: () => ({ inputs: ["channelsLast", "channelsLast"], outputs: ["channelsLast"] }),
  lower({ inputs: [dy, indices], outputs: [dx] }, lowering) {
    const { batch, channels, paddedChannels, pixels: outPixels } = lowering.layout(dy);
    const { pixels: inPixels } = lowering.layout(dx);
    const channelBytes = 4 * paddedChannels;
    const parts = isBalanced(batch, lowering.threads) ? 1 : paddedChannels / 4;
    const partBytes = channelBytes / parts;
    const imageBytes = inPixels * channelBytes;
    lowering.launch({
      kernel: `maxPool2dGradient ${parts} ${paddedChannels} ${outPixels} ${inPixels}`,
      build: (f) => {
        const unit = f.i32(), image = f.i32(), channel = f.i32(), start = f.i32();
        const source = f.i32(), target = f.i32(), pixel = f.i32(), group = f.i32();
        const place = f.i32(), chosen = f.v128(), gradient = f.v128();
        const { first, end } = f.parameters;
        f.loop(unit, first, end, 1, () => {
          f.set(image, i32.divU(unit, parts));
          f.set(channel, i32.mul(i32.remU(unit, parts), partBytes));
          f.set(start, i32.add(f.parameters.dx, i32.add(i32.mul(image, imageBytes), channel)));
          f.loopAtLeastOnce(pixel, 0, imageBytes, parts === 1 ? imageBytes : channelBytes, () => {
            f.emit(memory.fill(i32.add(start, pixel), 0, parts === 1 ? imageBytes : partBytes));
          });
          f.set(source, i32.add(i32.mul(image, outPixels * channelBytes), channel));
          f.loopAtLeastOnce(pixel, 0, outPixels, 1, () => {
            f.loopAtLeastOnce(group, 0, partBytes, 16, () => {
              f.set(target, i32.add(source, group));
              f.set(chosen, v128.load(i32.add(f.parameters.indices, target)));
              f.set(gradient, v128.load(i32.add(f.parameters.dy, target)));
              for (let lane = 0; lane < 4; lane++) {
                const pixelStart = i32.mul(i32x4.extractLane(chosen, lane), channelBytes);
                f.set(place, i32.add(i32.add(start, group), pixelStart));
                const sum = f32.add(
                  f32.load(place, 4 * lane),
                  f32x4.extractLane(gradient, lane),
                );
                f.emit(f32.store(place, sum, 4 * lane));
              }
            });
            f.increment(source, channelBytes);
          });
        });
      },
      args: {
        dy: lowering.ref(dy, dy.shape),
        indices: lowering.ref(indices, dy.shape),
        dx: lowering.ref(dx, [batch, channels, ...dx.shape.slice(2)]),
      },
      writes: ["dx"],
      items: batch * parts,
      images: { count: batch, operands: ["dy", "indices", "dx"] },
    });
  },
};
