/** Conversion between plain and channels-last order. */
import { f32x4, i32, v128 } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";
import { type ConvertLayoutAttributes, type Layout, layoutOf } from "../../layout.ts";

/** `convertLayout`: transposes every image between [C, pixels] and [pixels, Cp]. */
export const convertLayout: KernelFamily = {
  ops: ["convertLayout"],
  orders: ({ attributes }) => {
    const { order } = attributes as ConvertLayoutAttributes;
    return {
      inputs: [order === "plain" ? "channelsLast" : "plain"],
      outputs: [order],
    };
  },
  lower({ inputs: [input], outputs: [output] }, lowering) {
    const layout = layoutOf(input, "channelsLast");
    const toPlain = lowering.layout(output).order === "plain";
    const { batch, channels, pixels, shape } = layout;
    const [from, to] = [lowering.ref(input, shape), lowering.ref(output, shape)];
    lowering.launch({
      kernel: `convertLayout ${toPlain} ${channels} ${pixels}`,
      build: (f) => transpose(f, layout, toPlain),
      args: toPlain ? { plain: to, channelsLast: from } : { plain: from, channelsLast: to },
      writes: [toPlain ? "plain" : "channelsLast"],
      items: batch * groupsOf(layout),
      images: { count: batch, operands: ["plain", "channelsLast"] },
    });
  },
};

/** Groups of four channels, the items of an image. */
function groupsOf({ paddedChannels }: Layout): number {
  return paddedChannels / 4;
}

/** A group is walked pixel by pixel. */
function transpose(
  f: KernelFunction<"plain" | "channelsLast">,
  layout: Layout,
  toPlain: boolean,
): void {
  const { channels, paddedChannels, pixels } = layout;
  const groups = groupsOf(layout);
  const group = f.i32(), image = f.i32(), within = f.i32();
  const plain = f.i32(), last = f.i32(), pixel = f.i32(), vector = f.v128();
  const { first, end } = f.parameters;
  f.loop(group, first, end, 1, () => {
    f.set(image, i32.divU(group, groups));
    f.set(within, i32.remU(group, groups));
    const channel = i32.add(i32.mul(image, channels), i32.mul(within, 4));
    f.set(plain, i32.add(f.parameters.plain, i32.mul(channel, 4 * pixels)));
    const place = i32.add(i32.mul(image, 4 * pixels * paddedChannels), i32.mul(within, 16));
    f.set(last, i32.add(f.parameters.channelsLast, place));
    const step = 4 * pixels;
    const walk = (lanes: number) => {
      f.loopAtLeastOnce(pixel, 0, pixels, 1, () => {
        if (toPlain) {
          f.set(vector, v128.load(last));
          for (let i = 0; i < lanes; i++) f.emit(v128.store32Lane(plain, vector, i, i * step));
        } else {
          f.set(vector, f32x4.constant(0));
          for (let i = 0; i < lanes; i++) {
            f.set(vector, v128.load32Lane(plain, vector, i, i * step));
          }
          f.emit(v128.store(last, vector));
        }
        f.increment(plain, 4);
        f.increment(last, 4 * paddedChannels);
      });
    };
    if (channels === paddedChannels) walk(4);
    else f.if(i32.eq(within, groups - 1), () => walk(channels % 4), () => walk(4));
  });
}
