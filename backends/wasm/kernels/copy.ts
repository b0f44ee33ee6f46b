/** Copies, and tensors packed into one long tensor. */
import { sizeOf } from "../../../graph/types.ts";
import type { PackAttributes } from "../../../ops/pack.ts";
import { i32, memory } from "../../../assembler/mod.ts";
import { advance, type KernelFamily, type Lowering, type Ref } from "../kernel.ts";

/** Bytes of a page: shares are whole ones. */
const GRAIN = 4096;

export function launchCopy(lowering: Lowering, from: Ref, to: Ref, bytes: number): void {
  lowering.launch({
    kernel: "copy",
    build: (f) => {
      const { from, to, first, end } = f.parameters;
      f.emit(memory.copy(i32.add(to, first), i32.add(from, first), i32.sub(end, first)));
    },
    args: { from, to },
    writes: ["to"],
    items: bytes,
    grain: GRAIN,
    detail: "copy",
  });
}

function launchZeros(lowering: Lowering, to: Ref, bytes: number): void {
  lowering.launch({
    kernel: "zero",
    build: (f) => {
      const { to, first, end } = f.parameters;
      f.emit(memory.fill(i32.add(to, first), 0, i32.sub(end, first)));
    },
    args: { to },
    writes: ["to"],
    items: bytes,
    grain: GRAIN,
    detail: "zero",
  });
}

/** `pack`: most inputs are computed in their places; the others are copied, gaps are zeroed. */
export const pack: KernelFamily = {
  ops: ["pack"],
  lower({ inputs, outputs: [output], attributes }, lowering) {
    const { offsets, size } = attributes as PackAttributes;
    const packed = lowering.ref(output, [size]);
    const gap = (from: number, to: number) => {
      if (to === from) return;
      const bytes = 4 * (to - from);
      launchZeros(lowering, advance(packed, 4 * from, bytes), bytes);
    };
    let end = 0;
    inputs.forEach((value, i) => {
      const size = sizeOf(value.shape);
      const from = lowering.ref(value, value.shape);
      const to = advance(packed, 4 * offsets[i], 4 * size);
      if (from.buffer !== to.buffer || from.offset !== to.offset) {
        launchCopy(lowering, from, to, 4 * size);
      }
      gap(end, offsets[i]);
      end = offsets[i] + size;
    });
    gap(end, size);
  },
};
