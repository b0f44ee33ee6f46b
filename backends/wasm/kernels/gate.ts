/** `gate`: multiplies each channel of each image by a number. Items are the rows of images. */
import { i32, widths } from "../../../assembler/mod.ts";
import type { Layout } from "../../layout.ts";
import type { KernelFamily, KernelFunction, Lowering } from "../kernel.ts";

export const gate: KernelFamily = {
  ops: ["gate"],
  orders: () => ({ inputs: ["channelsLast", "channelsLast"], outputs: ["channelsLast"] }),
  lower({ inputs: [input, gates], outputs: [output] }, lowering) {
    const layout = lowering.layout(output);
    const { batch, channels, shape } = layout;
    lowering.launch({
      kernel: `gate ${shape}`,
      build: (f) => writeGate(f, lowering, layout),
      args: {
        x: lowering.ref(input, shape),
        gates: lowering.ref(gates, [batch, channels, 1, 1]),
        y: lowering.ref(output, shape),
      },
      writes: ["y"],
      items: batch * shape[2],
      images: { count: batch, operands: ["x", "gates", "y"] },
    });
  },
};

function writeGate(
  f: KernelFunction<"x" | "gates" | "y">,
  { target }: Lowering,
  { paddedChannels, shape: [, , height, width] }: Layout,
): void {
  const { x, gates, y, first, end } = f.parameters;
  const row = f.i32(), column = f.i32(), channel = f.i32();
  const from = f.i32(), factors = f.i32(), factor = f.i32(), to = f.i32();
  const pixelBytes = 4 * paddedChannels;
  const start = i32.mul(first, width * pixelBytes);
  f.set(from, i32.add(x, start));
  f.set(to, i32.add(y, start));
  f.loop(row, first, end, 1, () => {
    f.set(factors, i32.add(gates, i32.mul(i32.divU(row, height), pixelBytes)));
    f.loopAtLeastOnce(column, 0, width, 1, () => {
      f.set(factor, factors);
      let rest = pixelBytes;
      for (const v of widths(f, target)) {
        const bytes = rest - rest % v.bytes;
        rest -= bytes;
        if (bytes === 0) continue;
        f.loopAtLeastOnce(channel, 0, bytes, v.bytes, () => {
          v.store(to, v.mul(v.load(from), v.load(factor)));
          for (const place of [from, factor, to]) f.increment(place, v.bytes);
        });
      }
    });
  });
}
