import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { InputError } from "../../errors.ts";
import { verifyChecksums, withChecksums } from "../../safetensors/checksums.ts";
import { readSafetensors } from "../../safetensors/file.ts";
import { encodeSafetensors, parseSafetensors, type Tensor } from "../../safetensors/safetensors.ts";
import { withFolder } from "../support/folder.ts";

const TENSORS = new Map<string, Tensor>([
  ["conv.weight", { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["empty", { dtype: "F32", shape: [0], data: new Float32Array() }],
  ["0", { dtype: "U8", shape: [3], data: Uint8Array.of(7, 8, 9) }],
]);
const METADATA = { format: "test", "1": "a key that objects put first" };
const SOUND = encodeSafetensors(TENSORS, withChecksums(TENSORS, METADATA));

Deno.test("every flipped bit in a file with checksums is detected", () => {
  verifyChecksums(parseSafetensors(SOUND, "file"), "file");
  for (let bit = 0; bit < 8 * SOUND.length; bit++) {
    const damaged = SOUND.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assertThrows(() => verifyChecksums(parseSafetensors(damaged, "file"), "file"), InputError);
  }
});

Deno.test("a damaged tensor is reported with its file; files without checksums are read", () =>
  withFolder(async (folder) => {
    const path = join(folder, "file.safetensors");
    const damaged = SOUND.slice();
    damaged[damaged.length - 1] ^= 1;
    await Deno.writeFile(path, damaged);
    await assertRejects(() => readSafetensors(path), InputError, `${path}: the tensor "0" in this`);
    await Deno.writeFile(path, encodeSafetensors(TENSORS, METADATA));
    assertEquals((await readSafetensors(path)).tensors, TENSORS);
  }));
