/** Random expressions for groups of vectors. */
import { f32x4, i32, i32x4, v128, type Vector } from "../../../assembler/mod.ts";
import type { RandomStream } from "../../../graph/random.ts";
import type { Locals, VectorKind } from "./locals.ts";
import { AREAS } from "./memory.ts";
import { pick } from "../pick.ts";

/** The same expression for each of several vectors, with different operands. */
export function groupExpression(
  { kind, count }: { readonly kind: VectorKind; readonly count: number },
  depth: number,
  locals: Locals,
  random: RandomStream,
): (i: number) => Vector {
  const deeper = () => groupExpression({ kind, count }, depth - 1, locals, random);
  if (depth > 0) {
    const [a, b, c] = [deeper(), deeper(), deeper()];
    if (kind === "integers") {
      const bits = random.integer(32);
      return pick<(i: number) => Vector>([
        (i) => i32x4.add(a(i), b(i)),
        (i) => i32x4.sub(a(i), b(i)),
        (i) => i32x4.shl(a(i), bits),
        (i) => i32x4.shrU(a(i), bits),
        (i) => i32x4.shrS(a(i), bits),
        (i) => v128.bitselect(a(i), b(i), c(i)),
        (i) => i32x4.ltU(a(i), b(i)),
      ], random);
    }
    return pick<(i: number) => Vector>([
      (i) => f32x4.add(a(i), b(i)),
      (i) => f32x4.mul(a(i), b(i)),
      (i) => f32x4.relaxedMadd(a(i), b(i), c(i)),
      (i) => f32x4.relaxedNmadd(a(i), b(i), c(i)),
      (i) => f32x4.max(a(i), b(i)),
      (i) => f32x4.min(a(i), b(i)),
      (i) => f32x4.pmax(a(i), b(i)),
      (i) => v128.bitselect(a(i), b(i), f32x4.gt(b(i), c(i))),
      (i) => f32x4.abs(a(i)),
      (i) => f32x4.sqrt(a(i)),
    ], random);
  }
  const fitting = locals.groups.filter((group) =>
    group.kind === kind && group.members.length >= count
  );
  const base = pick(locals.ofKind.integer, random), offset = 16 * random.integer(20);
  const shared = pick(locals.ofKind[kind], random);
  const group = fitting.length > 0 ? pick(fitting, random).members : [];
  const area = AREAS[kind];
  const place = i32.add(i32.and(base, 1020), area);
  return pick<(i: number) => Vector>([
    ...(group.length > 0 ? Array(4).fill((i: number) => group[i]) : []),
    () => shared,
    (i) => v128.load(place, offset + 16 * i),
    () => v128.load32Splat(place, offset),
    () => kind === "floats" ? f32x4.constant(1.5) : i32x4.constant(77),
  ], random);
}
