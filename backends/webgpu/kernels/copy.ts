/** Copies of memory, bit by bit, whatever it holds. */
import { cover, isVectorAligned, type Phase, type Ref, THREADS } from "../kernel.ts";

/** A phase that copies `source` to `target`, as many bytes as the target has. */
export function copyPhase(source: Ref, target: Ref): Phase<"source" | "target"> {
  const vector = isVectorAligned(source) && isVectorAligned(target) &&
    source.buffer !== target.buffer;
  const type = vector ? "vec4<u32>" : "u32";
  const items = target.bytes / (vector ? 16 : 4);
  const { workgroups, index } = cover(items);
  return {
    name: "copy",
    operands: {
      source: { ref: source, type },
      target: { ref: target, type, write: true },
    },
    workgroupSize: THREADS,
    workgroups,
    code: ({ source, target }) => ({
      main: `
let i = ${index};
if (i >= ${items}u) { return; }
${target.set("i", source.at("i"))}`,
    }),
  };
}
