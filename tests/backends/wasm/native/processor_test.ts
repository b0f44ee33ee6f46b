import { assertEquals, assertMatch } from "@std/assert";
import { cpuFeatures } from "../../../../backends/wasm/features.ts";
import {
  describeProcessor,
  type Registers,
  thisProcessor,
} from "../../../../backends/wasm/native/processor.ts";

/** Bits of CPUID's results: leaf 1 in ECX, leaf 7 in EBX. */
const AVX = 1 << 28, XGETBV = 1 << 27, FMA = 1 << 12;
const AVX2 = 1 << 5, F = 1 << 16, DQ = 1 << 17, BW = 1 << 30, VL = 1 << 31;

interface Answers {
  readonly last?: number;
  readonly leaf1?: number;
  readonly leaf7?: number;
  readonly saved?: number;
}

/** What native code may use on a processor that has everything except these answers. */
function levelOf(
  { last = 7, leaf1 = AVX | XGETBV | FMA, leaf7 = AVX2 | F | DQ | BW | VL, saved = 0xe7 }: Answers,
) {
  const answers: Record<number, Registers> = {
    0: [last, 0, 0, 0],
    1: [0, 0, leaf1, 0],
    7: [0, leaf7, 0, 0],
    0x8000_0000: [0x8000_0000, 0, 0, 0],
  };
  return describeProcessor({
    cpuid: (leaf) => answers[leaf].map((register) => register >>> 0) as unknown as Registers,
    xcr0: () => {
      assertEquals(leaf1 & XGETBV, XGETBV, "XGETBV is run only where the system allows it");
      return saved;
    },
  }).level;
}

Deno.test("AVX-512 is used if processor and system support all of it, else AVX2, else nothing", () => {
  assertEquals(levelOf({}), "avx512");
  for (const lacking of [F, DQ, BW, VL]) {
    assertEquals(levelOf({ leaf7: (AVX2 | F | DQ | BW | VL) & ~lacking }), "avx2");
  }
  assertEquals(levelOf({ saved: 0x07 }), "avx2");
  for (const lacking of [AVX, FMA, XGETBV]) {
    assertEquals(levelOf({ leaf1: (AVX | XGETBV | FMA) & ~lacking }), undefined);
  }
  for (const answers of [{ leaf7: F | DQ | BW | VL }, { saved: 0x03 }, { last: 6 }]) {
    assertEquals(levelOf(answers), undefined);
  }
});

const { native } = cpuFeatures();

Deno.test({
  name: "the processor's level agrees with the flags that the system reports",
  ignore: native.processor === undefined,
  fn: async () => {
    const { stdout } = await new Deno.Command("cat", { args: ["/proc/cpuinfo"] }).output();
    const text = new TextDecoder().decode(stdout);
    const [, flags] = /^flags\s*: (.*)$/m.exec(text)!;
    const has = (...names: string[]) => names.every((name) => flags.split(" ").includes(name));
    const level = !has("avx2", "fma")
      ? undefined
      : has("avx512f", "avx512dq", "avx512bw", "avx512vl")
      ? "avx512"
      : "avx2";
    const processor = thisProcessor();
    assertEquals(processor.level, level);
    // In a virtual machine the system may know the processor by another name.
    assertMatch(processor.name, /^[ -~]{3,48}$/);
  },
});
