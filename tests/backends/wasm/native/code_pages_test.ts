import { assertEquals, assertThrows } from "@std/assert";
import { cpuFeatures } from "../../../../backends/wasm/features.ts";
import { CodePages } from "../../../../backends/wasm/native/code_pages.ts";
import { mappings } from "../../../../backends/wasm/native/linux.ts";

const ignore = cpuFeatures().native.level === undefined;

/** NOPs, and at the end `lea eax, [rdi + 2 * rsi]; ret`. */
const CODE = new Uint8Array(2 ** 20).fill(0x90);
const LAST = CODE.length - 4;
CODE.set([0x8d, 0x04, 0x77, 0xc3], LAST);

Deno.test({
  name: "code can be called at any offset and is unmapped when disposed of",
  ignore,
  fn: () => {
    const pages = new CodePages(CODE);
    const add = { parameters: ["u32", "u32"], result: "u32" } as const;
    for (const offset of [0, 4095, LAST]) {
      assertEquals(pages.functionAt(offset, add).call(5, 7), 19);
    }
    pages.dispose();
    pages.dispose();
    assertThrows(() => pages.address(), Error, "disposed of");
  },
});

Deno.test({
  name: "code is executable and readable, not writable",
  ignore,
  fn: () => {
    const pages = new CodePages(CODE);
    const address = pages.address();
    const access = () =>
      mappings()
        .filter(({ start, end }) => start <= address && end >= address + BigInt(CODE.length))
        .map(({ access }) => access);
    assertEquals(access(), ["r-xp"]);
    pages.dispose();
    assertEquals(access(), []);
  },
});
