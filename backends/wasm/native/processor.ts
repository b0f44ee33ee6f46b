/**
 * What the processor is and supports, read with two of its instructions: CPUID, and XGETBV for the
 * registers that the system saves on a thread switch.
 */
import { CodePages } from "./code_pages.ts";

/** What native code may use: AVX2 with fused multiply-adds, or also AVX-512 with F, DQ, BW, VL. */
export type NativeLevel = "avx2" | "avx512";

export interface Processor {
  /** Its name, as it reports it. */
  readonly name: string;
  /** What native code may use; undefined if not even AVX2. */
  readonly level: NativeLevel | undefined;
}

/** The result of CPUID: the registers EAX, EBX, ECX, EDX. */
export type Registers = readonly [eax: number, ebx: number, ecx: number, edx: number];

/** Asks the processor. */
export interface Questions {
  cpuid(leaf: number, subleaf: number): Registers;
  /** The low half of the register XCR0: which registers the system saves. */
  xcr0(): number;
}

/** `cpuid(u32 *answer, u32 leaf, u32 subleaf)` */
// deno-fmt-ignore
const CPUID = [
  0x53, // push rbx
  0x89, 0xf0, // mov eax, esi
  0x89, 0xd1, // mov ecx, edx
  0x0f, 0xa2, // cpuid
  0x89, 0x07, // mov [rdi], eax
  0x89, 0x5f, 0x04, // mov [rdi + 4], ebx
  0x89, 0x4f, 0x08, // mov [rdi + 8], ecx
  0x89, 0x57, 0x0c, // mov [rdi + 12], edx
  0x5b, // pop rbx
  0xc3, // ret
];

/** `u32 xgetbv()` */
// deno-fmt-ignore
const XGETBV = [
  0x31, 0xc9, // xor ecx, ecx
  0x0f, 0x01, 0xd0, // xgetbv
  0xc3, // ret
];

/**
 * The processor this process runs on.
 *
 * @throws {Error} if the system does not run our code.
 */
export function thisProcessor(): Processor {
  using code = new CodePages(new Uint8Array([...CPUID, ...XGETBV]));
  const cpuid = code.functionAt(0, { parameters: ["buffer", "u32", "u32"], result: "void" });
  const xgetbv = code.functionAt(CPUID.length, { parameters: [], result: "u32" });
  return describeProcessor({
    cpuid(leaf, subleaf) {
      const answer = new Uint32Array(4);
      cpuid.call(answer, leaf, subleaf);
      const [eax, ebx, ecx, edx] = answer;
      return [eax, ebx, ecx, edx];
    },
    xcr0: () => xgetbv.call(),
  });
}

/** Describes a processor from its answers. */
export function describeProcessor(ask: Questions): Processor {
  return { name: nameOf(ask), level: levelOf(ask) };
}

const EXTENDED = 0x8000_0000;

function nameOf({ cpuid }: Questions): string {
  const [last] = cpuid(EXTENDED, 0);
  if (last < EXTENDED + 4) return "an x86 processor without a name";
  const registers = [2, 3, 4].flatMap((leaf) => cpuid(EXTENDED + leaf, 0));
  const text = new TextDecoder().decode(Uint32Array.from(registers));
  return text.replaceAll("\0", "").trim().replaceAll(/\s+/g, " ");
}

/** Bits of CPUID's results: features of leaf 1 in ECX, of leaf 7 in EBX. */
const FMA = 1 << 12, XGETBV_ALLOWED = 1 << 27, AVX = 1 << 28;
const AVX2 = 1 << 5, AVX512 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
/** Bits of XCR0: halves of 256-bit registers; masks, halves of 512-bit registers, registers 16 to 31. */
const SAVES_256 = 0x06, SAVES_512 = 0xe6;

function levelOf({ cpuid, xcr0 }: Questions): NativeLevel | undefined {
  const has = (answer: number, bits: number) => (answer & bits) === bits;
  if (cpuid(0, 0)[0] < 7) return undefined;
  if (!has(cpuid(1, 0)[2], FMA | XGETBV_ALLOWED | AVX)) return undefined;
  const [, features] = cpuid(7, 0), saved = xcr0();
  if (!has(features, AVX2) || !has(saved, SAVES_256)) return undefined;
  return has(features, AVX512) && has(saved, SAVES_512) ? "avx512" : "avx2";
}
