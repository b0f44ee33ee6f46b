import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { readSafetensors, writeSafetensors } from "../../safetensors/file.ts";
import { encodeSafetensors, parseSafetensors, type Tensor } from "../../safetensors/safetensors.ts";
import { withFolder } from "../support/folder.ts";

const TENSORS = new Map<string, Tensor>([
  ["bytes", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ["flags", { dtype: "BOOL", shape: [2], data: Uint8Array.of(0, 1) }],
  ["halves", { dtype: "F16", shape: [2], data: Float16Array.of(0.5, -2) }],
  ["small", { dtype: "I16", shape: [1, 1], data: Int16Array.of(-300) }],
  ["labels", { dtype: "I32", shape: [2], data: Int32Array.of(-1, 7) }],
  ["weight", { dtype: "F32", shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, NaN) }],
  ["count", { dtype: "I64", shape: [], data: BigInt64Array.of(2n ** 60n) }],
  ["exact", { dtype: "F64", shape: [2], data: Float64Array.of(0.1, -Infinity) }],
  ["empty", { dtype: "F32", shape: [0, 4], data: new Float32Array(0) }],
]);

/** A file with any header and data, valid or not. */
function file(header: unknown, dataBytes = 0, { length }: { length?: number } = {}): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + encoded.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? encoded.length), true);
  bytes.set(encoded, 8);
  return bytes;
}

Deno.test("tensors of every type and metadata are read as they were written", () => {
  const metadata = { format: "test", config: '{"a": "}\\""}' };
  const { tensors, metadata: found } = parseSafetensors(encodeSafetensors(TENSORS, metadata), "x");
  assertEquals(found, metadata);
  assertEquals(tensors.size, TENSORS.size);
  for (const [name, tensor] of TENSORS) assertEquals(tensors.get(name), tensor);
});

Deno.test("the header is padded and every tensor is aligned to its element size", () => {
  const bytes = encodeSafetensors(TENSORS);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assertEquals(length % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  for (const [name, { data }] of TENSORS) {
    assertEquals(header[name].data_offsets[0] % data.BYTES_PER_ELEMENT, 0, name);
  }
});

Deno.test("a file at an odd offset in a buffer is read", () => {
  const bytes = encodeSafetensors(TENSORS);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assertEquals(parseSafetensors(shifted.subarray(3), "x"), parseSafetensors(bytes, "x"));
});

Deno.test("bfloat16 is widened to float32 exactly", () => {
  const bytes = file({ b: { dtype: "BF16", shape: [2], data_offsets: [0, 4] } }, 4);
  bytes.set([0x80, 0x3f, 0x00, 0xc1], bytes.length - 4);
  const expected = { dtype: "F32", shape: [2], data: Float32Array.of(1, -8) } as const;
  assertEquals(parseSafetensors(bytes, "x").tensors.get("b"), expected);
});

const f32 = (shape: unknown, data_offsets: unknown) => ({ dtype: "F32", shape, data_offsets });

/** What is wrong with a file, the file, and part of the message. */
const DAMAGED: [what: string, bytes: Uint8Array, message: string][] = [
  ["no bytes", new Uint8Array(0), "too few for a header"],
  ["a truncated header", file({}, 0, { length: 50 }), "truncated"],
  ["a huge header", file({}, 0, { length: 1e9 }), "more than the 100000000 allowed"],
  ["a header that is not JSON", file("{"), "not JSON"],
  ["a header that is a list", file([]), "not a JSON object"],
  ["metadata that is not strings", file({ __metadata__: { a: 1 } }), "not a table of strings"],
  ["a name twice", file('{"a":{}, "b":{"a":1}, "\\u0061" :{}}'), 'the name "a" twice'],
  ["a name of two lines", file({ "a\nb": f32([1], [0, 4]) }, 4), 'control characters: "a\\nb"'],
  ["a name without end", file({ ["a".repeat(1001)]: f32([1], [0, 4]) }, 4), "too long"],
  [
    "too many tensors",
    file(Object.fromEntries(Array.from({ length: 2 ** 16 + 1 }, (_, i) => [i, f32([0], [0, 0])]))),
    "more than 65536 tensors",
  ],
  // They are duplicates, which only parsing would show: they are counted first.
  ["too many names", file(`{${'"a":1,'.repeat(2 ** 16 + 2)}}`), "more than 65536 tensors"],
  ["endless metadata", file(`{"__metadata__":{${'"a":"",'.repeat(2 ** 20)}}}`), "more parts than"],
  ["endless lists", file(`{"a":[${"[],".repeat(2 ** 20)}]}`), "more parts than"],
  ["an unknown type", file({ a: { dtype: "F8", shape: [], data_offsets: [0, 1] } }, 1), '"F8"'],
  ["an entry that is a number", file({ a: 1 }), "has the element type"],
  ["a negative size", file({ a: f32([-1], [0, 4]) }, 4), "impossible shape"],
  ["a fractional size", file({ a: f32([0.5], [0, 2]) }, 2), "impossible shape"],
  ["an absurd shape", file({ a: f32([2 ** 40, 2 ** 40], [0, 4]) }, 4), "impossible shape"],
  ["offsets the wrong way round", file({ a: f32([1], [4, 0]) }, 4), "impossible offsets"],
  ["offsets that do not fit the shape", file({ a: f32([2], [0, 4]) }, 4), "needs 8 bytes"],
  ["truncated data", file({ a: f32([2], [0, 8]) }, 4), "truncated: its tensors need 8 bytes"],
  ["too much data", file({ a: f32([1], [0, 4]) }, 8), "4 bytes after its last tensor"],
  ["a gap", file({ a: f32([1], [0, 4]), b: f32([1], [8, 12]) }, 12), "starts at byte 8"],
  ["an overlap", file({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8), "starts at byte 4"],
];

for (const [what, bytes, message] of DAMAGED) {
  Deno.test(`a safetensors file with ${what} is an input error that names the file`, () => {
    const error = assertThrows(() => parseSafetensors(bytes, "some.safetensors"), InputError);
    assertEquals(error.message.startsWith("some.safetensors: not a valid safetensors file"), true);
    assertEquals(error.message.includes(message), true, error.message);
    assertEquals(error.message.includes("\n"), false, error.message);
  });
}

Deno.test("a file truncated at any byte is an input error", () => {
  const bytes = encodeSafetensors(TENSORS, { format: "test" });
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => parseSafetensors(bytes.subarray(0, length), "x"), InputError);
  }
});

Deno.test("data that does not fit its shape is not written", () => {
  const wrong = new Map<string, Tensor>([
    ["a", { dtype: "F32", shape: [3], data: new Float32Array(2) }],
  ]);
  assertThrows(() => encodeSafetensors(wrong), RangeError, 'tensor "a"');
});

Deno.test("a written file can be read; a missing one is an input error", async () => {
  await withFolder(async (folder) => {
    await writeSafetensors(`${folder}/new/a.safetensors`, TENSORS, { format: "test" });
    const { tensors } = await readSafetensors(`${folder}/new/a.safetensors`);
    assertEquals(tensors.get("weight"), TENSORS.get("weight"));
    await assertRejects(() => readSafetensors(`${folder}/none`), InputError, "no such file");
    await assertRejects(() => readSafetensors(folder), InputError, "cannot be read");
  });
});
