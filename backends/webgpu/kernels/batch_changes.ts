/** Images of a batch partly overwritten, and mixed with each other. */
import type { GraphNode } from "../../../graph/types.ts";
import { BOX_FIELDS } from "../../../ops/erase.ts";
import { MIX_FIELDS } from "../../../ops/mix.ts";
import type { NodeOrders } from "../../layout.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";

/** The images channels last, all else plain. */
const orders = (): NodeOrders => ({
  inputs: ["channelsLast", "plain", "plain"],
  outputs: ["channelsLast"],
});

/** How many items there are of four channels of a pixel each, and WGSL of where item `i` lies. */
function placesOf({ outputs: [output] }: GraphNode, lowering: Lowering) {
  const [batch, channels, height, width] = output.shape;
  const vectors = lowering.layout(output).paddedChannels / 4;
  return {
    channels,
    batch,
    imageItems: height * width * vectors,
    items: batch * height * width * vectors,
    statements: `
let vector = i % ${vectors}u;
let x = i32(i / ${vectors}u % ${width}u);
let y = i32(i / ${vectors * width}u % ${height}u);
let image = i / ${vectors * width * height}u;`,
  };
}

function lowerErase(node: GraphNode, lowering: Lowering): void {
  const { inputs: [input, boxes, values], outputs: [output] } = node;
  const { channels, items, statements } = placesOf(node, lowering);
  const [count] = values.shape;
  lowering.eachItem({
    name: "erase",
    operands: {
      ...lowering.reads("vec4<f32>", { input }),
      ...lowering.reads("i32", { boxes }),
      ...lowering.reads("f32", { values }),
      ...lowering.writes("vec4<f32>", { output }),
    },
    items,
    main: ({ input, boxes, values, output }) => {
      const field = (index: number) => boxes.at(`image * ${BOX_FIELDS}u + ${index}u`);
      return `${statements}
let row = y - ${field(0)};
let column = x - ${field(1)};
let columns = ${field(3)};
var value = ${input.at("i")};
if (row >= 0i && row < ${field(2)} && column >= 0i && column < columns) {
  for (var lane = 0u; lane < 4u; lane++) {
    let channel = vector * 4u + lane;
    if (channel >= ${channels}u) { break; }
    let place = u32(${field(4)} + (row * columns + column) * ${channels}i) + channel;
    value[lane] = ${values.at(`place % ${count}u`)};
  }
}
${output.set("i", "value")}`;
    },
  });
}

function lowerMix(node: GraphNode, lowering: Lowering): void {
  const { inputs: [input, partners, shares], outputs: [output] } = node;
  const { batch, items, imageItems, statements } = placesOf(node, lowering);
  lowering.eachItem({
    name: "mix",
    operands: {
      ...lowering.reads("vec4<f32>", { input }),
      ...lowering.reads("i32", { partners }),
      ...lowering.reads("f32", { shares }),
      ...lowering.writes("vec4<f32>", { output }),
    },
    items,
    main: ({ input, partners, shares, output }) => {
      const field = (index: number) => partners.at(`image * ${MIX_FIELDS}u + ${index}u`);
      const other = input.at(`u32(${field(0)}) % ${batch}u * ${imageItems}u + i % ${imageItems}u`);
      return `${statements}
let inside = y >= ${field(1)} && x >= ${field(2)} && y < ${field(3)} && x < ${field(4)};
let share = select(${shares.at("image")}, 0.0f, inside);
${output.set("i", `share * ${input.at("i")} + (1.0f - share) * ${other}`)}`;
    },
  });
}

/** The kernels of `erase` and `mix`. */
export const batchChanges: readonly KernelFamily[] = [
  { ops: ["erase"], orders, lower: lowerErase },
  { ops: ["mix"], orders, lower: lowerMix },
];
