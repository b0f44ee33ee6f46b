/** The random mask of dropout, four elements at a time. */
import { sizeOf } from "../../../graph/types.ts";
import { PARITY, ROTATIONS } from "../../../graph/random.ts";
import { type DropoutMaskAttributes, dropThreshold } from "../../../ops/dropout_mask.ts";
import { f32x4, i32, i32x4, type Local, v128, type Vector } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";
import { storeLanes } from "./lanes.ts";

type Function = KernelFunction<"step" | "y">;

/**
 * `dropoutMask`. An element's counter is its row-major index in the shape, whatever the order in
 * memory, so the mask is the same on every backend.
 */
export const dropoutMask: KernelFamily = {
  ops: ["dropoutMask"],
  orders: ({ outputs: [{ shape }] }) => ({
    inputs: ["plain"],
    outputs: [shape.length > 2 ? "channelsLast" : "plain"],
  }),
  lower({ inputs: [step], outputs: [output], attributes }, lowering) {
    const { shape, p, stream } = attributes as DropoutMaskAttributes;
    const { order, batch, channels, paddedChannels, pixels } = lowering.layout(output);
    lowering.launch({
      kernel: `dropoutMask ${order} ${shape} ${p} ${stream}`,
      build: (f) => {
        const mask = maskOf(f, p, stream);
        const place = f.i32(), unit = f.i32(), offset = f.i32(), counter = f.v128();
        const { first, end } = f.parameters;
        if (order === "plain") {
          const size = sizeOf(shape);
          const block = (lanes: number) => {
            f.set(place, i32.add(f.parameters.y, i32.mul(unit, 4)));
            f.set(counter, i32x4.add(i32x4.splat(unit), i32x4.constant(0, 1, 2, 3)));
            f.emit(...storeLanes(place, mask(counter), 0, lanes));
          };
          f.loop(unit, first, i32.and(end, -4), 4, () => block(4));
          if (size % 4 > 0) f.if(i32.ltU(unit, end), () => block(size % 4));
          return;
        }
        const image = i32.divU(unit, pixels), pixel = i32.remU(unit, pixels);
        f.loop(unit, first, end, 1, () => {
          const start = i32.add(i32.mul(image, channels * pixels), pixel);
          const lanes = i32x4.constant(0, pixels, 2 * pixels, 3 * pixels);
          f.set(counter, i32x4.add(i32x4.splat(start), lanes));
          f.set(place, i32.add(f.parameters.y, i32.mul(unit, 4 * paddedChannels)));
          f.loopAtLeastOnce(offset, 0, paddedChannels, 4, () => {
            f.emit(v128.store(place, mask(counter)));
            f.set(counter, i32x4.add(counter, i32x4.constant(4 * pixels)));
            f.increment(place, 16);
          });
        });
      },
      args: { step: lowering.ref(step, []), y: lowering.ref(output, shape) },
      writes: ["y"],
      ...(order === "plain" ? { items: sizeOf(shape), grain: 4 } : {
        items: batch * pixels,
        images: { count: batch, operands: ["y"] },
      }),
    });
  },
};

/** Prepares the key; returns code for the mask of four counters (Threefry-2x32 with 20 rounds). */
function maskOf(
  f: Function,
  p: number,
  stream: number,
): (counter: Local<"v128">) => Local<"v128"> {
  const key0 = f.v128(), key2 = f.v128(), x = f.v128(), y = f.v128();
  const key1 = i32x4.constant(stream);
  f.set(key0, i32x4.splat(i32.load(f.parameters.step)));
  f.set(key2, v128.xor(v128.xor(i32x4.constant(PARITY), key0), key1));
  const keys: readonly Vector[] = [key0, key1, key2];
  return (counter) => {
    f.set(x, i32x4.add(counter, key0));
    f.set(y, key1);
    for (let group = 0; group < 5; group++) {
      for (let round = 0; round < 4; round++) {
        const bits = ROTATIONS[(group & 1) * 4 + round];
        f.set(x, i32x4.add(x, y));
        f.set(y, v128.xor(v128.or(i32x4.shl(y, bits), i32x4.shrU(y, 32 - bits)), x));
      }
      f.set(x, i32x4.add(x, keys[(group + 1) % 3]));
      f.set(y, i32x4.add(i32x4.add(y, keys[(group + 2) % 3]), i32x4.constant(group + 1)));
    }
    const dropped = i32x4.ltU(i32x4.shrU(x, 8), i32x4.constant(dropThreshold(p)));
    f.set(x, v128.andnot(f32x4.constant(1 / (1 - p)), dropped));
    return x;
  };
}
