// deno-lint-ignore-file no-control-regex -- the file is no text
/** Weights in a file beside the ONNX file. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { InputError } from "../../errors.ts";
import { readOnnxTensors } from "../../onnx/file.ts";

const FOREIGN = fromFileUrl(new URL("../weights/foreign/", import.meta.url));
const DATA = "external.onnx.data";

/**
 * Reads the ONNX file in a new folder.
 *
 * @param edit changes its bytes, each a character, but not their number
 * @param prepare changes its data file
 */
async function read(
  edit: (text: string) => string = (text) => text,
  prepare: (data: string) => Promise<unknown> = () => Promise.resolve(),
) {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "network.onnx");
    const sound = await Deno.readFile(join(FOREIGN, "external.onnx"));
    const text = edit(String.fromCharCode(...sound));
    assertEquals(text.length, sound.length);
    await Deno.writeFile(path, Uint8Array.from(text, (c) => c.charCodeAt(0)));
    await Deno.copyFile(join(FOREIGN, DATA), join(folder, DATA));
    await prepare(join(folder, DATA));
    return (await readOnnxTensors(path)).tensors;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("weights in a file beside the ONNX file are read at their offsets", async () => {
  const { tensors: inside } = await readOnnxTensors(join(FOREIGN, "kept_bn_eval.onnx"));
  const beside = await read();
  assertEquals([...beside.keys()].toSorted(), [...inside.keys()].toSorted());
  // Both are of the same network.
  for (const [name, tensor] of inside) assertEquals(beside.get(name), tensor);
});

Deno.test("only regular files in the ONNX file's own folder are read", async () => {
  const places = [
    "../ternal.onnx.dat",
    "/etc/////////hosts",
    "d/external.onnx.da",
    "d\\external.onnx.d",
  ];
  for (const place of places) {
    const moved = place.padEnd(DATA.length, "x");
    const error = await assertRejects(
      () => read((text) => text.replaceAll(DATA, moved)),
      InputError,
      "which is not the name of a file in its folder",
    );
    assert(error.message.includes(JSON.stringify(moved)), error.message);
  }
  const link = async (data: string) => {
    await Deno.rename(data, `${data}.old`);
    await Deno.symlink(`${data}.old`, data);
  };
  await assertRejects(() => read(undefined, link), InputError, "not a regular file");
  const folder = async (data: string) => {
    await Deno.remove(data);
    await Deno.mkdir(data);
  };
  await assertRejects(() => read(undefined, folder), InputError, "not a regular file");
  await assertRejects(() => read(undefined, Deno.remove), InputError, "both files are needed");
});

Deno.test("offsets and lengths that fit neither file nor tensor are refused", async () => {
  // A number is stored as text after its length.
  const withNumber = (key: string, number: string) => (text: string) =>
    text.replaceAll(new RegExp(`(${key}\x12\x03)864`, "g"), `$1${number}`);
  for (const number of ["999", "-64", "8e9", "8.4"]) {
    await assertRejects(() => read(withNumber("length", number)), InputError, "it needs 864");
    if (number === "999") continue;
    await assertRejects(() => read(withNumber("offset", number)), InputError, "it needs 32");
  }
  const cut = (data: string) => Deno.truncate(data, 900);
  await assertRejects(() => read(undefined, cut), InputError, "which has 900 bytes: too few");
  // All tensors at the first byte: each is within the file, but their total is larger.
  const first = (text: string) =>
    text.replaceAll(/(?<=offset\x12[\x03\x04])\d+/g, (digits) => "0".repeat(digits.length));
  await assertRejects(() => read(first, cut), InputError, "which has 900 bytes: too few");
});

Deno.test("control characters in a weight's name are refused", async () => {
  const named = (text: string) => text.replaceAll("0.weight", "0\nweight");
  const error = await assertRejects(() => read(named), InputError, "control characters");
  assert(!error.message.includes("\n"), error.message);
});

Deno.test("too many weights are refused", async () => {
  // A float scalar: four digits as its name and four bytes.
  const initializer = (index: number) => {
    const name = String(index).padStart(4, "0");
    return `\x2a\x0e\x10\x01\x42\x04${name}\x4a\x04\0\0\0\0`;
  };
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "many.onnx");
    const write = async (count: number) => {
      const graph = Array.from({ length: count }, (_, i) => initializer(i)).join("");
      const length = [graph.length & 127 | 128, graph.length >> 7 & 127 | 128, graph.length >> 14];
      const text = `\x08\x08\x3a${String.fromCharCode(...length)}${graph}`;
      await Deno.writeFile(path, Uint8Array.from(text, (c) => c.charCodeAt(0)));
    };
    await write(8192);
    assertEquals((await readOnnxTensors(path)).tensors.size, 8192);
    await write(8193);
    await assertRejects(() => readOnnxTensors(path), InputError, "more than 8192 weights");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
