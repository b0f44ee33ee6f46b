/** The random mask of dropout, drawn with the generator of `graph/random.ts`. */
import type { GraphNode } from "../../../graph/types.ts";
import { type DropoutMaskAttributes, dropThreshold } from "../../../ops/dropout_mask.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";

/** WGSL function `threefry(counter, key)`: the first word of Threefry-2x32-20. */
function threefryFunction(): string {
  const rotations = [[13, 15, 26, 6], [17, 29, 16, 24]];
  const lines: string[] = [];
  for (let group = 0; group < 5; group++) {
    for (const rotation of rotations[group & 1]) {
      lines.push(
        "x += y;",
        `y = ((y << ${rotation}u) | (y >> ${32 - rotation}u)) ^ x;`,
      );
    }
    lines.push(
      `x += keys[${(group + 1) % 3}];`,
      `y += keys[${(group + 2) % 3}] + ${group + 1}u;`,
    );
  }
  return `
fn threefry(counter: vec2<u32>, key: vec2<u32>) -> u32 {
let keys = vec3<u32>(key, 0x1bd11bdau ^ key.x ^ key.y);
var x = counter.x + keys[0];
var y = counter.y + keys[1];
${lines.join("\n")}
return x;
}`;
}

function lower({ inputs: [step], outputs: [mask], attributes }: GraphNode, lowering: Lowering) {
  const { p, stream } = attributes as DropoutMaskAttributes;
  lowering.eachItem({
    name: "dropoutMask",
    operands: { ...lowering.reads("i32", { step }), ...lowering.writes("f32", { mask }) },
    items: lowering.layout(mask).elements,
    globals: threefryFunction(),
    main: ({ step, mask }) => `
let word = threefry(vec2<u32>(i, 0u), vec2<u32>(bitcast<u32>(${step.at("0u")}), ${stream}u));
${mask.set("i", `select(${float(1 / (1 - p))}, 0.0f, (word >> 8u) < ${dropThreshold(p)}u)`)}`,
  });
}

/** The kernel of `dropoutMask`: plain, since elements are drawn by their place in the shape. */
export const dropoutMask: KernelFamily = { ops: ["dropoutMask"], lower };
