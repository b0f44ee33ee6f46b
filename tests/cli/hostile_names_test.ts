/** Names in files that contain control characters or line ends. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { readSafetensors, writeSafetensors } from "../../safetensors/file.ts";
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";

const NETWORK = fromFileUrl(
  new URL("../networks/hostile/escape_class_names.safetensors", import.meta.url),
);
const PICTURE = new URL("../fixtures/pictures/base.png", import.meta.url);
const TENSOR = { dtype: "F32", shape: [1], data: Float32Array.of(1) } as const;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

Deno.test("control characters in names of classes and files are escaped on the terminal", () =>
  withFolder(async (folder) => {
    const picture = join(folder, "a\x1b[31m.png");
    await Deno.copyFile(PICTURE, picture);
    for (const options of [[], ["--format", "csv"], ["--json"]]) {
      const { code, out, error } = await run("predict", NETWORK, picture, ...options);
      assertEquals(code, 0, error);
      assertStringIncludes(out, "pwned");
      assertStringIncludes(out, "a\\u001b[31m.png");
      assertEquals(CONTROL.test(out + error), false);
    }
    const missing = await run("inspect", join(folder, "none\x1b[2J\u202e.safetensors"));
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.error, "none\\u001b[2J\\u202e.safetensors");
  }));

Deno.test("control characters in class names are escaped on a page", () =>
  withFolder(async (folder) => {
    const { code, error } = await run("site", NETWORK, "--output", folder);
    assertEquals(code, 0, error);
    const card = JSON.parse(await Deno.readTextFile(join(folder, "card.json")));
    assertEquals(card.classNames[0], "\\u001b]0;pwned\\u0007\\u001b[31mred");
  }));

/** Writes {@link NETWORK} to `path` with a text in its metadata replaced. */
async function withMetadata(path: string, from: string, to: string): Promise<void> {
  const { tensors, metadata } = await readSafetensors(NETWORK);
  const { format, network, program } = metadata;
  const changed = JSON.parse(JSON.stringify({ format, network, program }).replace(from, to));
  await writeSafetensors(path, tensors, changed);
}

Deno.test("line ends in names start no new line of output", () =>
  withFolder(async (folder) => {
    const lines = async (...args: string[]) => {
      const { code, error } = await run(...args);
      assertEquals(code === 0, false);
      assertStringIncludes(error, "pwned");
      return error.split("\n").filter((line) => line.startsWith("pwned"));
    };
    const [network, config] = ["network.safetensors", "config.yaml"].map((name) =>
      join(folder, name)
    );
    await Deno.writeTextFile(config, '"x\\npwned": 1\n');
    assertEquals(await lines("inspect", config), []);
    const pictures = join(folder, "pictures");
    await Deno.mkdir(pictures);
    await Deno.writeTextFile(join(pictures, "x\npwned.png"), "no picture");
    await Deno.writeTextFile(join(pictures, "x.\npwned"), "no picture");
    assertEquals(await lines("predict", NETWORK, pictures), []);
    await writeSafetensors(network, new Map([["x\npwned", TENSOR]]));
    assertEquals(await lines("inspect", network), []);
    await withMetadata(network, '\\"name\\":\\"pixels', '\\"name\\":\\"x\\\\npwned');
    assertEquals(await lines("inspect", network), []);
  }));

Deno.test("a network whose op or model name has a line end is damaged", () =>
  withFolder(async (folder) => {
    const path = join(folder, "network.safetensors");
    for (const key of ["op", "model"]) {
      await withMetadata(path, `\\"${key}\\":\\"`, `\\"${key}\\":\\"x\\\\npwned`);
      const { code, error } = await run("inspect", path);
      assertEquals(code, 2);
      assertStringIncludes(error, "the metadata of this folded network is damaged");
    }
  }));

Deno.test("long text is truncated in messages", () =>
  withFolder(async (folder) => {
    const path = join(folder, "long.yaml");
    await Deno.writeTextFile(path, `x: !<${"a".repeat(200_000)}> 3\n`);
    const { code, error } = await run("inspect", path);
    assertEquals([code, error.length < 21_000], [2, true]);
    assertStringIncludes(error, " characters)");
  }));
