/** Copies of memory, bit by bit, whatever it holds. */
import { type Dispatch, isVectorAligned, itemDispatch, type Ref } from "../kernel.ts";

/** A dispatch that copies `source` to `target`, as many bytes as the target has. */
export function copyDispatch(source: Ref, target: Ref): Dispatch<"source" | "target"> {
  const vector = isVectorAligned(source) && isVectorAligned(target) &&
    source.buffer !== target.buffer;
  const type = vector ? "vec4<u32>" : "u32";
  return itemDispatch({
    name: "copy",
    operands: {
      source: { ref: source, type },
      target: { ref: target, type, write: true },
    },
    items: target.bytes / (vector ? 16 : 4),
    wgsl: "fn item(i: u32) { storeTarget(i, source(i)); }",
  });
}
