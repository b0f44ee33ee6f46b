/** Packs tensors into one: most are computed in place, the others are copied, gaps are zeroed. */
import { type GraphNode, sizeOf } from "../../../graph/types.ts";
import type { PackAttributes } from "../../../ops/pack.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";

function lower({ inputs, outputs: [output], attributes }: GraphNode, lowering: Lowering): void {
  const { offsets, size } = attributes as PackAttributes;
  const packed = lowering.ref(output);
  const gaps: number[] = [];
  let end = 0;
  inputs.forEach((value, i) => {
    for (; end < offsets[i]; end++) gaps.push(end);
    end = offsets[i] + sizeOf(value.shape);
    const source = lowering.ref(value);
    const target = {
      buffer: packed.buffer,
      offset: packed.offset + 4 * offsets[i],
      bytes: 4 * sizeOf(value.shape),
    };
    const isInPlace = source.buffer === target.buffer && source.offset === target.offset;
    if (!isInPlace) lowering.copy(source, target);
  });
  for (; end < size; end++) gaps.push(end);
  if (gaps.length === 0) return;
  lowering.eachItem({
    name: "pack gaps",
    reads: { i32: { places: lowering.table(Int32Array.from(gaps)) } },
    writes: { f32: { packed } },
    items: gaps.length,
    wgsl: "fn item(i: u32) { storePacked(u32(places(i)), 0.0f); }",
  });
}

/** The kernel of `pack`. */
export const pack: KernelFamily = { ops: ["pack"], lower };
