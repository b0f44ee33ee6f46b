/** Copies of memory, bit by bit. */
import { type Dispatch, isVectorAligned, itemGrid, type Ref } from "../kernel.ts";

/** A dispatch that fills `target` with a copy of the bytes at `source`. */
export function copyDispatch(source: Ref, target: Ref): Dispatch {
  const isVector = isVectorAligned(source) && isVectorAligned(target) &&
    source.buffer !== target.buffer;
  const type = isVector ? "vec4<u32>" : "u32";
  const items = target.bytes / (isVector ? 16 : 4);
  return {
    ...itemGrid(items),
    name: "copy",
    operands: { source: { ref: source, type }, target: { ref: target, type, write: true } },
    items,
    wgsl: "fn item(i: u32) { storeTarget(i, source(i)); }",
  };
}
