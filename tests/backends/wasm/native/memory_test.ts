import { assertEquals } from "@std/assert";
import { cpuFeatures } from "../../../../backends/wasm/features.ts";
import {
  emptyMemory,
  guardedMemory,
  isGuarded,
  startOf,
} from "../../../../backends/wasm/native/memory.ts";
import { runText } from "../../../support/own_process.ts";

const ignore = cpuFeatures().native.level === undefined;
const PAGE = 65536, GIBIBYTE = 2 ** 30;

/** The specifier with which a program's text imports a module of native code. */
function module(name: string): string {
  return JSON.stringify(import.meta.resolve(`../../../../backends/wasm/native/${name}.ts`));
}

Deno.test({
  name: "everything native code can reach past its memory is reserved and inaccessible",
  ignore,
  fn: () => {
    for (const shared of [false, true]) {
      for (const pages of [1, 100, 65536]) {
        const memory = guardedMemory(pages, shared);
        assertEquals(memory.buffer.byteLength, pages * PAGE);
        assertEquals(memory.buffer instanceof ArrayBuffer, !shared);
        assertEquals(isGuarded(memory), true);
      }
    }
  },
});

Deno.test({
  name: "a memory is not guarded if anything within reach is accessible or free",
  ignore,
  fn: () => {
    const memory = guardedMemory(2, false), start = startOf(memory);
    const inaccessible = (from: number, to: number) => ({
      start: start + BigInt(from),
      end: start + BigInt(to),
      access: "---p",
    });
    const end = 8 * GIBIBYTE, half = 3 * GIBIBYTE;
    const own = { start, end: start + BigInt(2 * PAGE), access: "rw-p" };
    const whole = [own, inaccessible(2 * PAGE, half), inaccessible(half, end + PAGE)];
    assertEquals(isGuarded(memory, whole), true);
    assertEquals(isGuarded(memory, [own, inaccessible(PAGE, half), ...whole.slice(2)]), true);
    assertEquals(isGuarded(memory, []), false);
    assertEquals(isGuarded(memory, whole.slice(0, 2)), false);
    assertEquals(isGuarded(memory, [own, inaccessible(3 * PAGE, end)]), false);
    assertEquals(isGuarded(memory, [own, inaccessible(2 * PAGE, end - 1)]), false);
    const open = { ...whole[1], access: "r--p" };
    assertEquals(isGuarded(memory, [own, open, whole[2]]), false);
  },
});

Deno.test({
  name: "emptying a memory clears all but its first page",
  ignore,
  fn: () => {
    for (const shared of [false, true]) {
      const memory = guardedMemory(3, shared);
      const bytes = new Uint8Array(memory.buffer).fill(7);
      emptyMemory(memory);
      assertEquals([bytes[PAGE - 1], bytes[PAGE], bytes[3 * PAGE - 1]], [7, 0, 0]);
    }
  },
});

Deno.test({
  name: "touching a memory makes it resident, and clears all but its first page",
  ignore,
  fn: async () => {
    const { out } = await runText(
      `import { guardedMemory, startOf, touchMemory } from ${module("memory")};
      const memory = guardedMemory(64, true);
      const bytes = new Uint8Array(memory.buffer);
      bytes.fill(7, 0, ${2 * PAGE});
      await touchMemory(memory);
      const maps = Deno.readTextFileSync("/proc/self/smaps");
      const at = maps.indexOf("\\n" + startOf(memory).toString(16) + "-");
      const [, resident] = maps.slice(at).match(/Rss: *(\\d+) kB/);
      const ends = [bytes[${PAGE - 1}], bytes[${PAGE}], bytes[${64 * PAGE - 1}]];
      console.log(String(ends), Number(resident) * 1024 >= ${64 * PAGE});`,
      "--allow-all",
    );
    assertEquals(out, "7,0,0 true\n");
  },
});

Deno.test({
  name: "memory is requested in huge pages where the system has them",
  ignore,
  fn: async () => {
    const { out } = await runText(
      `import { existsSync } from "node:fs";
      import { guardedMemory, startOf } from ${module("memory")};
      const start = startOf(guardedMemory(1024, true)).toString(16);
      const maps = Deno.readTextFileSync("/proc/self/smaps");
      const [, flags] = maps.slice(maps.indexOf("\\n" + start + "-")).match(/VmFlags:(.*)/);
      const asked = flags.split(" ").includes("hg");
      console.log(asked === existsSync("/sys/kernel/mm/transparent_hugepage"));`,
      "--allow-all",
    );
    assertEquals(out, "true\n");
  },
});

/** `lea rax, [rdi + rsi]; mov eax, [rax]; ret`: a load of 4 bytes at an index, 64 bits wide. */
const LOAD = [0x48, 0x8d, 0x04, 0x37, 0x8b, 0x00, 0xc3];

Deno.test({
  name: "an access past the memory ends the process",
  ignore,
  fn: async () => {
    const load = (index: number) =>
      runText(
        `import { CodePages } from ${module("code_pages")};
        import { guardedMemory, startOf } from ${module("memory")};
        const memory = guardedMemory(1, true);
        new Int32Array(memory.buffer).fill(7);
        const pages = new CodePages(Uint8Array.from(${JSON.stringify(LOAD)}));
        const load = pages.functionAt(0, { parameters: ["usize", "usize"], result: "u32" });
        console.log(load.call(startOf(memory), ${index}n));`,
        "--allow-ffi",
      );
    assertEquals((await load(PAGE - 4)).out, "7\n");
    for (const index of [PAGE, 6 * GIBIBYTE, 8 * GIBIBYTE - 4]) {
      const { out, signal } = await load(index);
      assertEquals([out, signal], ["", "SIGSEGV"]);
    }
  },
});
