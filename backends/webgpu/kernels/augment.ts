/** From stored pixels, four bytes to a word, to the network's input. */
import type { GraphNode } from "../../../graph/types.ts";
import type { AugmentAttributes } from "../../../ops/augment.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";

function lower({ inputs, outputs: [output], attributes }: GraphNode, lowering: Lowering): void {
  const [pixels, transforms] = inputs;
  const { padding, mean, std } = attributes as AugmentAttributes;
  const [batch, height, width, channels] = pixels.shape;
  const vectors = lowering.layout(output).paddedChannels / 4;
  const padded = (values: readonly number[], filler: number) =>
    Array.from({ length: 4 * vectors }, (_, c) => float(values[c] ?? filler));
  const table = (name: string, values: string[]) =>
    `const ${name} = array<f32, ${values.length}>(${values.join(", ")});`;
  lowering.eachItem({
    name: "augment",
    operands: {
      ...lowering.reads("u32", { pixels }),
      ...lowering.writes("vec4<f32>", { output }),
      ...lowering.reads("i32", { transforms }),
    },
    items: batch * height * width * vectors,
    globals: [
      // Multiplied by, where the reference divides: one rounding more.
      table("scale", padded(std.map((deviation) => 1 / (255 * deviation)), 0)),
      table("shift", padded(mean.map((value, c) => value / std[c]), 0)),
    ].join("\n"),
    main: ({ pixels, transforms, output }) => `
let vector = i % ${vectors}u;
let x = i32(i / ${vectors}u % ${width}u);
let y = i32(i / ${vectors * width}u % ${height}u);
let image = i / ${vectors * width * height}u;
let offsetY = ${transforms ? transforms.at("image * 3u") : `${padding}i`};
let offsetX = ${transforms ? transforms.at("image * 3u + 1u") : `${padding}i`};
let flips = ${transforms ? `${transforms.at("image * 3u + 2u")} != 0i` : "false"};
let row = y + offsetY - ${padding}i;
let column = select(x, ${width - 1}i - x, flips) + offsetX - ${padding}i;
let isInside = row >= 0i && row < ${height}i && column >= 0i && column < ${width}i;
var value = vec4<f32>();
for (var lane = 0u; lane < 4u; lane++) {
  let channel = vector * 4u + lane;
  var pixel = 0u;
  if (isInside && channel < ${channels}u) {
    let place = ((image * ${height}u + u32(row)) * ${width}u + u32(column)) * ${channels}u + channel;
    pixel = (${pixels.at("place / 4u")} >> (place % 4u * 8u)) & 255u;
  }
  value[lane] = f32(pixel) * scale[channel] - shift[channel];
}
${output.set("i", "value")}`,
  });
}

/** The kernel of `augment`. */
export const augment: KernelFamily = {
  ops: ["augment"],
  orders: ({ inputs }) => ({ inputs: inputs.map(() => "plain"), outputs: ["channelsLast"] }),
  lower,
};
