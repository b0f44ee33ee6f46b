import { assertEquals } from "@std/assert";
import type { MemoryBuffer } from "../../../backends/wasm/kernel.ts";
import { type Access, assignStages } from "../../../backends/wasm/stages.ts";

const a: MemoryBuffer = { bytes: 64 };
const b: MemoryBuffer = { bytes: 64 };

function read(buffer: MemoryBuffer, offset = 0, bytes = buffer.bytes - offset): Access {
  return { ref: { buffer, offset, bytes }, writes: false };
}

function write(buffer: MemoryBuffer, offset = 0, bytes = buffer.bytes - offset): Access {
  return { ref: { buffer, offset, bytes }, writes: true };
}

Deno.test("a launch waits for what it reads, overwrites or must not overwrite yet", () => {
  assertEquals(assignStages([[write(a)], [read(a)]]), [0, 1]);
  assertEquals(assignStages([[write(a)], [write(a)]]), [0, 1]);
  assertEquals(assignStages([[read(a)], [write(a)]]), [0, 1]);
  assertEquals(assignStages([[write(a)], [read(a), write(b)], [read(b)]]), [0, 1, 2]);
});

Deno.test("launches that share only what they read need not wait", () => {
  assertEquals(assignStages([[read(a)], [read(a)], [write(b)]]), [0, 0, 0]);
  assertEquals(assignStages([[write(a, 0, 32)], [write(a, 32)], [read(a, 16, 32)]]), [0, 0, 1]);
});

Deno.test("a launch with few dependencies joins an earlier stage, but not one too far back", () => {
  const chain = Array.from({ length: 10 }, () => [write(a)]);
  assertEquals(assignStages([...chain.slice(0, 3), [read(b)]]).at(-1), 0);
  assertEquals(assignStages([...chain, [read(b)]]).at(-1), 3);
});
