/** From stored pixels to the network's input: crop, flip and normalization in one pass. */
import type { PreprocessAttributes } from "../../../ops/preprocess.ts";
import {
  f32x4,
  i16x8,
  i32,
  i32x4,
  select,
  type Target,
  v128,
  WideVectors,
} from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";
import type { Layout } from "../../layout.ts";

/**
 * `preprocess`: pixels u8 [N, H, W, C] to channels-last floats. A pixel p becomes
 * `p · scale + shift`, four channels at a time; padding channels have scale and shift zero.
 */
export const preprocess: KernelFamily = {
  ops: ["preprocess"],
  orders: ({ inputs }) => ({ inputs: inputs.map(() => "plain"), outputs: ["channelsLast"] }),
  lower({ inputs: [pixels, transforms], outputs: [output], attributes }, lowering) {
    const { padding, mean, std } = attributes as PreprocessAttributes;
    const layout = lowering.layout(output);
    const { batch, channels, shape: [, , height, width] } = layout;
    const perChannel = (value: (channel: number) => number) => {
      const table = new Float32Array(layout.paddedChannels);
      mean.forEach((_, channel) => table[channel] = value(channel));
      return lowering.table(table);
    };
    lowering.launch({
      kernel: `preprocess ${layout.shape} ${padding} ${transforms !== undefined}`,
      build: (f) => writePreprocess(f, lowering.target, layout, padding, transforms !== undefined),
      args: {
        pixels: lowering.ref(pixels, [batch, height, width, channels], 1),
        transforms: transforms ? lowering.ref(transforms, [batch, 3]) : 0,
        y: lowering.ref(output, layout.shape),
        scale: perChannel((channel) => 1 / (255 * std[channel])),
        shift: perChannel((channel) => -mean[channel] / std[channel]),
      },
      writes: ["y"],
      items: batch * height,
      images: {
        count: batch,
        operands: transforms ? ["pixels", "transforms", "y"] : ["pixels", "y"],
      },
    });
  },
};

type Parameter = "pixels" | "transforms" | "y" | "scale" | "shift";

/** Items are the rows of the result. */
function writePreprocess(
  f: KernelFunction<Parameter>,
  target: Target,
  { channels, paddedChannels, shape }: Layout,
  padding: number,
  transformed: boolean,
): void {
  const [, , height, width] = shape;
  const { pixels, transforms, scale, shift, first, end } = f.parameters;
  const line = f.i32(), image = f.i32(), row = f.i32(), column = f.i32(), step = f.i32();
  const rowStart = f.i32(), place = f.i32(), y = f.i32(), x = f.i32();
  const vectors = new WideVectors(f, { ...target, wide: 1 });
  const groups = Array.from({ length: paddedChannels / 4 }, (_, group) => group);
  f.set(y, i32.add(f.parameters.y, i32.mul(first, width * 4 * paddedChannels)));
  f.loop(line, first, end, 1, () => {
    f.set(image, i32.divU(line, height));
    f.set(row, i32.remU(line, height));
    f.set(column, 0);
    f.set(step, 1);
    if (transformed) {
      const draw = i32.add(transforms, i32.mul(image, 12));
      const flip = i32.load(draw, 8);
      f.increment(row, i32.sub(i32.load(draw), padding));
      f.set(column, select("i32", flip, width - 1, 0));
      f.set(step, select("i32", flip, -1, 1));
      f.increment(column, i32.sub(i32.load(draw, 4), padding));
    }
    const sourceLine = i32.add(i32.mul(image, height), row);
    f.set(rowStart, i32.add(pixels, i32.mul(sourceLine, width * channels)));
    // Unsigned comparison: columns before the first count as far beyond the last.
    f.if(i32.geU(row, height), () => f.set(column, -1 - width));
    f.loopAtLeastOnce(x, 0, width, 1, () => {
      f.if(
        i32.ltU(column, width),
        () => {
          f.set(place, i32.add(rowStart, i32.mul(column, channels)));
          for (const group of groups) {
            const bytes = i16x8.extendLowI8x16U(v128.load32Zero(place, 4 * group));
            const value = f32x4.convertI32x4S(i32x4.extendLowI16x8U(bytes));
            const scaled = vectors.madd(
              { halves: [value] },
              vectors.load(scale, 16 * group),
              vectors.load(shift, 16 * group),
            );
            vectors.store(y, scaled, 16 * group);
          }
        },
        () => {
          for (const group of groups) vectors.store(y, vectors.load(shift, 16 * group), 16 * group);
        },
      );
      f.increment(y, 4 * paddedChannels);
      f.increment(column, step);
    });
  });
}
