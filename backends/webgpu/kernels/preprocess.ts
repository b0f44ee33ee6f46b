/** From stored pixels, four bytes to a word, to the network's input. */
import type { GraphNode } from "../../../graph/types.ts";
import type { PreprocessAttributes } from "../../../ops/preprocess.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import wgsl from "./preprocess.wgsl" with { type: "text" };

function lower({ inputs, outputs: [output], attributes }: GraphNode, lowering: Lowering): void {
  const [pixels, transforms] = inputs;
  const { padding, mean, std } = attributes as PreprocessAttributes;
  const [batch, height, width, channels] = pixels.shape;
  const vectors = lowering.layout(output).paddedChannels / 4;
  const padded = (values: readonly number[], filler: number) =>
    Array.from({ length: 4 * vectors }, (_, c) => float(values[c] ?? filler));
  const table = (values: string[]) => `array<f32, ${values.length}>(${values.join(", ")})`;
  lowering.eachItem({
    name: "preprocess",
    operands: {
      ...lowering.reads("u32", { pixels }),
      ...lowering.writes("vec4<f32>", { output }),
      ...lowering.reads("i32", { transforms }),
    },
    items: batch * height * width * vectors,
    constants: {
      HEIGHT: height,
      WIDTH: width,
      CHANNELS: channels,
      VECTORS: vectors,
      PADDING: padding,
      // Multiplied by, where the reference divides: one rounding more.
      SCALE: table(padded(std.map((deviation) => 1 / (255 * deviation)), 0)),
      SHIFT: table(padded(mean.map((value, c) => value / std[c]), 0)),
    },
    wgsl: `${transforms ? GIVEN_TRANSFORM : NO_TRANSFORM}\n${wgsl}`,
  });
}

/** Field 0 and 1: offsets of the cut-out rows and columns; 2: whether it is flipped. */
const GIVEN_TRANSFORM = `
fn transform(image: u32, field: u32) -> i32 {
  return transforms(image * 3 + field);
}`;

const NO_TRANSFORM = `
fn transform(image: u32, field: u32) -> i32 {
  return select(PADDING, 0, field == 2);
}`;

/** The kernel of `preprocess`. */
export const preprocess: KernelFamily = {
  ops: ["preprocess"],
  orders: ({ inputs }) => ({ inputs: inputs.map(() => "plain"), outputs: ["channelsLast"] }),
  lower,
};
