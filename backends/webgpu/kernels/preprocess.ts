/** From stored pixels, four bytes per word, to the network's input. */
import type { GraphNode } from "../../../graph/types.ts";
import type { PreprocessAttributes } from "../../../ops/preprocess.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import { eachPixel } from "./pixels.ts";
import wgsl from "./preprocess.wgsl" with { type: "text" };

function lower({ inputs, outputs: [output], attributes }: GraphNode, lowering: Lowering): void {
  const [pixels, transforms] = inputs;
  const { padding, mean, std } = attributes as PreprocessAttributes;
  const table = (values: readonly number[]) => {
    const { paddedChannels } = lowering.layout(output);
    const all = Array.from({ length: paddedChannels }, (_, c) => float(values[c] ?? 0));
    return `array<f32, ${paddedChannels}>(${all.join(", ")})`;
  };
  eachPixel(output.shape, [0, 0], {
    name: "preprocess",
    reads: { u32: { pixels }, i32: { transforms } },
    writes: { "vec4<f32>": { output } },
    constants: {
      PADDING: padding,
      HAS_TRANSFORMS: transforms !== undefined,
      // Products instead of the reference's quotients: one more rounding.
      SCALE: table(std.map((deviation) => 1 / (255 * deviation))),
      SHIFT: table(mean.map((value, c) => value / std[c])),
    },
    wgsl: [wgsl],
  }, lowering);
}

/** The kernel of `preprocess`. */
export const preprocess: KernelFamily = {
  ops: ["preprocess"],
  orders: ({ inputs }) => ({ inputs: inputs.map(() => "plain"), outputs: ["channelsLast"] }),
  lower,
};
