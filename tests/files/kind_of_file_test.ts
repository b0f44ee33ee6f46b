/** Files of another kind than expected. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { otherKind, type Wanted } from "../../files/kind_of_file.ts";
import { networkOrConfig, readWanted } from "../../files/read_wanted.ts";
import { InputError } from "../../errors.ts";
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";

/** The first bytes of files, a character each, and how messages name them. */
const FILES: readonly (readonly [head: string, kind: string, advice: string])[] = [
  ["", "an empty file", "fetch or make it again"],
  ["\0".repeat(64), "a file of zeros", "did not finish"],
  ["version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS", "git lfs pull"],
  ["\n<!DOCTYPE html><html>", "a web page", "fetch the file itself"],
  ["<?xml version='1.0'?><Error>", "a web page", "fetch the file itself"],
  [`PK\x03\x04${"\0".repeat(26)}archive/data.pkl`, "torch.save", "overfold import"],
  ["\x80\x02\x8a\x0al\xfc", "torch.save", "overfold import FILE --config CONFIG"],
  ["\x89HDF\r\n\x1a\n\0", "an HDF5 file", "overfold import"],
  [`PK\x03\x04${"\0".repeat(26)}weights.npy`, "a zip archive", "unpack it"],
  ["\x1f\x8b\x08\0", "a compressed file", "unpack it"],
  ["\xfd7zXZ\0", "a compressed file", "unpack it"],
  ["\x28\xb5\x2f\xfd\x04", "a compressed file", "unpack it"],
  [`${"model.safetensors".padEnd(257, "\0")}ustar\0`, "a tar archive", "unpack it"],
  ["GIF89a", "a GIF image", "CHECKPOINT IMAGE"],
  ["RIFF\0\0\0\0WEBPVP8 ", "a WebP image", "CHECKPOINT IMAGE"],
  ["\x93NUMPY\x01", "a NumPy file", "overfold import"],
  ["GGUF\x03\0", "a model for another program", "expected a checkpoint"],
  ["%PDF-1.7", "a PDF document", "expected a checkpoint"],
  [
    '{"metadata": {"total_size": 1}, "weight_map": {',
    "the index of a network in several",
    "join them",
  ],
  // A valid image, config or network is rejected where another of them is expected.
  ["\x89PNG\r\n", "a PNG image", "CHECKPOINT IMAGE"],
  ["\xff\xd8\xff\xe0", "a JPEG image", "CHECKPOINT IMAGE"],
  ["# A config\ndata:\n  dataset: mnist\n", "a config", "overfold train CONFIG"],
  ['{ "data": {} }', "a JSON file", "expected a checkpoint"],
  ["Gr\xc3\xbc\xc3\x9fe\n", "a text file", "expected a checkpoint"],
  ["\x08\x07\x12\x07pytorch", "an ONNX file", "overfold import"],
];

const bytesOf = (head: string) => Uint8Array.from(head, (character) => character.charCodeAt(0));
const SAFETENSORS = bytesOf('\x80\x02\0\0\0\0\0\0{"a":{}}');

for (const [head, kind, advice] of FILES) {
  Deno.test(`${kind} (${JSON.stringify(head.slice(0, 8))}) is recognized where a network is expected`, () => {
    const message = otherKind("the.file", bytesOf(head), "network")?.message ?? "";
    assertStringIncludes(message, "the.file: this is ");
    assertStringIncludes(message, kind);
    assertStringIncludes(message, advice);
  });
}

Deno.test("files of the expected kind are accepted, and unknown bytes are not named", () => {
  const fits: readonly (readonly [Uint8Array, Wanted])[] = [
    // Its length begins with the bytes of a pickle.
    [SAFETENSORS, "network"],
    [bytesOf("\x08\x07\x12\x07pytorch"), "onnx"],
    [bytesOf("data: {}"), "config"],
    [bytesOf("{}"), "config"],
    [new Uint8Array(), "network"],
    [bytesOf("\x89PNG"), "picture"],
    [bytesOf("\xff\xd8\xff"), "picture"],
  ];
  const refused = fits.filter(([bytes, wanted]) => otherKind("file", bytes, wanted));
  assertEquals(refused.map(([, wanted]) => wanted), ["network"], "only the empty file");
  assertEquals(otherKind("file", bytesOf("\x01\x02\x03\xfe"), "network"), undefined);
  assertStringIncludes(otherKind("c", SAFETENSORS, "config")!.message, "train CONFIG --resume");
  assertStringIncludes(otherKind("p", SAFETENSORS, "picture")!.message, "CHECKPOINT IMAGE");
  assertStringIncludes(otherKind("a/.b.1-2.tmp", SAFETENSORS, "network")!.message, "interrupted");
});

Deno.test("a large file of another kind is rejected by its first bytes", () =>
  withFolder(async (folder) => {
    const path = join(folder, "large.pth");
    await Deno.writeFile(path, bytesOf("\x80\x02\x8a\x0al\xfc"));
    // Sparse: it takes no space.
    await Deno.truncate(path, 2 ** 36);
    await assertRejects(() => readWanted(path, "network"), InputError, "torch.save");
  }));

Deno.test("networks and configs are recognized by content, and other files rejected", () =>
  withFolder(async (folder) => {
    const kindOf = async (name: string, head: string | Uint8Array) => {
      const path = join(folder, name);
      await Deno.writeFile(path, typeof head === "string" ? bytesOf(head) : head);
      return await networkOrConfig(path);
    };
    assertEquals(await kindOf("best.ckpt", SAFETENSORS), "network");
    assertEquals(await kindOf("config.safetensors", "model:\n"), "config");
    assertEquals(await kindOf("unknown.safetensors", "\x01\x02\x03\xfe"), "network");
    assertEquals(await kindOf("unknown.yaml", "\x01\x02\x03\xfe"), "config");
    const neither =
      "neither a network in safetensors nor a config in YAML; make a checkpoint of it";
    await assertRejects(() => kindOf("best.ckpt", "\x80\x02"), InputError, neither);
    await assertRejects(() => networkOrConfig(folder), InputError, "a folded network or a config");
  }));

Deno.test({
  name: "an endless device is rejected by its first bytes",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    for (const wanted of ["network", "picture", "onnx"] as const) {
      const read = (path: string) => () => readWanted(path, wanted);
      await assertRejects(read("/dev/zero"), InputError, "this is a file of zeros");
      await assertRejects(read("/dev/urandom"), InputError, "/dev/urandom: ");
    }
  },
});

Deno.test("a file larger than any network is not read", () =>
  withFolder(async (folder) => {
    const path = join(folder, "picture.png");
    await Deno.writeFile(path, bytesOf("\x89PNG\r\n"));
    await Deno.truncate(path, 2 ** 32 + 1);
    await assertRejects(() => readWanted(path, "picture"), InputError, "expected at most 4.0 GiB");
  }));

Deno.test("a folder is rejected with the file in it that was probably meant", () =>
  withFolder(async (folder) => {
    const read = () => readWanted(folder, "network");
    await assertRejects(read, InputError, "it is a folder; expected a checkpoint");
    const inside = join(folder, "checkpoints", "best.safetensors");
    await Deno.mkdir(join(folder, "checkpoints"));
    await Deno.writeFile(inside, SAFETENSORS);
    await assertRejects(read, InputError, `it is a folder; name ${inside}`);
  }));

Deno.test("every command that reads networks or configs names a file of another kind", () =>
  withFolder(async (folder) => {
    const pointer = join(folder, "pointer.safetensors");
    await Deno.writeFile(pointer, bytesOf(FILES[2][0]));
    const config = join(folder, "config.yaml");
    await Deno.writeTextFile(
      config,
      "backend: cpu\n" +
        "data: { dataset: { name: synthetic, trainCount: 8, testCount: 8 }, batchSize: 8 }\n" +
        `model: { layers: [flatten, { linear: { outFeatures: 10 } }], pretrained: ${pointer} }\n`,
    );
    const commands = [
      ...["fold", "export", "eval", "inspect", "train", "bench", "tune"].map((
        name,
      ) => [name, pointer]),
      ["site", pointer, "--output", join(folder, "site")],
      ["predict", pointer, config],
      ["train", config, "--output", join(folder, "run")],
      ["import", pointer, "--model", "resnet18"],
      ["import", config, "--config", pointer],
    ];
    for (const args of commands) {
      const { code, error } = await run(...args);
      assertEquals(code, 2, `${args[0]}: ${error}`);
      const expected = args[0] === "import" && args[1] === config
        ? "this is a config"
        : "this is a pointer of Git LFS";
      assertStringIncludes(error, expected, args[0]);
    }
  }));
