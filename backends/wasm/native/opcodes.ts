/**
 * The instructions of WebAssembly that Overfold emits, by opcode: name, operands and result. The
 * decoder itself handles those of control flow and locals.
 */
import type { ValueType } from "../../../assembler/mod.ts";

/** What follows an opcode in the binary format. */
export type Immediate = "memory" | "lane" | "memoryLane" | "bytes16" | "zero" | "zeros";

/** An instruction. */
export interface Opcode {
  /** Its name in WebAssembly's text format. */
  readonly name: string;
  /** How many operands it takes. */
  readonly operands: number;
  /** The type of its result; `void` for a statement. */
  readonly result: ValueType | "void";
  /** Whether it changes memory, or waits for others to. */
  readonly effects: boolean;
  /** What follows the opcode. */
  readonly immediate?: Immediate;
}

/** Added to the opcodes after the prefixes 0xfc, 0xfd and 0xfe. */
export const PREFIXES: Readonly<Record<number, number>> = {
  0xfc: 0x10000,
  0xfd: 0x20000,
  0xfe: 0x30000,
};

const [MISCELLANEOUS, SIMD, THREADS] = [0x10000, 0x20000, 0x30000];

/** The opcodes by number; those after a prefix with that of {@link PREFIXES} added. */
export const OPCODES: ReadonlyMap<number, Opcode> = new Map([
  ...row(0x1b, 3, "i32", ["select"]),
  ...row(0x28, 1, "i32", ["i32.load"], "memory"),
  ...row(0x2a, 1, "f32", ["f32.load"], "memory"),
  ...row(0x2b, 1, "f64", ["f64.load"], "memory"),
  ...row(0x36, 2, "void", ["i32.store"], "memory"),
  ...row(0x38, 2, "void", ["f32.store", "f64.store"], "memory"),
  ...row(0x45, 1, "i32", ["i32.eqz"]),
  ...row(0x46, 2, "i32", "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u".split(" ").map(of("i32"))),
  ...row(0x61, 2, "i32", "eq ne lt gt le ge".split(" ").map(of("f64"))),
  ...row(0x6a, 2, "i32", ["i32.add", "i32.sub", "i32.mul"]),
  ...row(0x6e, 2, "i32", ["i32.div_u"]),
  ...row(0x70, 2, "i32", "rem_u and or xor shl shr_s shr_u".split(" ").map(of("i32"))),
  ...row(0x83, 2, "i64", "and or xor shl shr_s shr_u".split(" ").map(of("i64"))),
  ...row(0x92, 2, "f32", "add sub mul div min max".split(" ").map(of("f32"))),
  ...row(0x9a, 1, "f64", ["f64.neg"]),
  ...row(0x9e, 1, "f64", ["f64.nearest", "f64.sqrt"]),
  ...row(0xa0, 2, "f64", "add sub mul div min max".split(" ").map(of("f64"))),
  ...row(0xa7, 1, "i32", ["i32.wrap_i64"]),
  ...row(0xac, 1, "i64", ["i64.extend_i32_s"]),
  ...row(0xb2, 1, "f32", ["f32.convert_i32_s"]),
  ...row(0xb6, 1, "f32", ["f32.demote_f64"]),
  ...row(0xb7, 1, "f64", ["f64.convert_i32_s"]),
  ...row(0xbb, 1, "f64", ["f64.promote_f32"]),
  ...row(0xbd, 1, "i64", ["i64.reinterpret_f64"]),
  ...row(0xbf, 1, "f64", ["f64.reinterpret_i64"]),
  ...row(MISCELLANEOUS + 2, 1, "i32", ["i32.trunc_sat_f64_s"]),
  ...row(MISCELLANEOUS + 10, 3, "void", ["memory.copy"], "zeros"),
  ...row(MISCELLANEOUS + 11, 3, "void", ["memory.fill"], "zero"),
  ...row(THREADS, 2, "i32", ["memory.atomic.notify"], "memory"),
  ...row(THREADS + 1, 3, "i32", ["memory.atomic.wait32"], "memory"),
  ...row(THREADS + 0x10, 1, "i32", ["i32.atomic.load"], "memory"),
  ...row(THREADS + 0x17, 2, "void", ["i32.atomic.store"], "memory"),
  ...row(THREADS + 0x1e, 2, "i32", ["i32.atomic.rmw.add"], "memory"),
  ...row(SIMD, 1, "v128", ["v128.load"], "memory"),
  ...row(SIMD + 9, 1, "v128", ["v128.load32_splat"], "memory"),
  ...row(SIMD + 11, 2, "void", ["v128.store"], "memory"),
  ...row(SIMD + 12, 0, "v128", ["v128.const"], "bytes16"),
  ...row(SIMD + 13, 2, "v128", ["i8x16.shuffle"], "bytes16"),
  ...row(SIMD + 17, 1, "v128", ["i32x4.splat"]),
  ...row(SIMD + 19, 1, "v128", ["f32x4.splat"]),
  ...row(SIMD + 27, 1, "i32", ["i32x4.extract_lane"], "lane"),
  ...row(SIMD + 31, 1, "f32", ["f32x4.extract_lane"], "lane"),
  ...row(SIMD + 58, 2, "v128", ["i32x4.lt_u"]),
  ...row(SIMD + 65, 2, "v128", "eq ne lt gt le ge".split(" ").map(of("f32x4"))),
  ...row(SIMD + 78, 2, "v128", "and andnot or xor".split(" ").map(of("v128"))),
  ...row(SIMD + 82, 3, "v128", ["v128.bitselect"]),
  ...row(SIMD + 86, 2, "v128", ["v128.load32_lane"], "memoryLane"),
  ...row(SIMD + 90, 2, "void", ["v128.store32_lane", "v128.store64_lane"], "memoryLane"),
  ...row(SIMD + 92, 1, "v128", ["v128.load32_zero", "v128.load64_zero"], "memory"),
  ...row(SIMD + 95, 1, "v128", ["f64x2.promote_low_f32x4"]),
  ...row(SIMD + 106, 1, "v128", ["f32x4.nearest"]),
  ...row(SIMD + 137, 1, "v128", ["i16x8.extend_low_i8x16_u"]),
  ...row(SIMD + 169, 1, "v128", ["i32x4.extend_low_i16x8_u"]),
  ...row(SIMD + 171, 2, "v128", ["i32x4.shl", "i32x4.shr_s", "i32x4.shr_u", "i32x4.add"]),
  ...row(SIMD + 177, 2, "v128", ["i32x4.sub"]),
  ...row(SIMD + 224, 1, "v128", ["f32x4.abs", "f32x4.neg"]),
  ...row(SIMD + 227, 1, "v128", ["f32x4.sqrt"]),
  ...row(SIMD + 228, 2, "v128", "add sub mul div min max pmin pmax".split(" ").map(of("f32x4"))),
  ...row(SIMD + 240, 2, "v128", ["f64x2.add"]),
  ...row(SIMD + 248, 1, "v128", ["i32x4.trunc_sat_f32x4_s"]),
  ...row(SIMD + 250, 1, "v128", ["f32x4.convert_i32x4_s"]),
  ...row(SIMD + 0x105, 3, "v128", ["f32x4.relaxed_madd", "f32x4.relaxed_nmadd"]),
]);

function of(type: string): (name: string) => string {
  return (name) => `${type}.${name}`;
}

/** Instructions with consecutive opcodes, which differ only in their names. */
function row(
  first: number,
  operands: number,
  result: Opcode["result"],
  names: readonly string[],
  immediate?: Immediate,
): [number, Opcode][] {
  return names.map((name, i) => {
    const effects = result === "void" || name.includes("atomic");
    return [first + i, { name, operands, result, effects, immediate }];
  });
}
