/** What README.md shows must work: its blocks are read from the file itself. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { readFoldedNetwork } from "../checkpoints/network_file.ts";
import { parseConfig } from "../config/load.ts";
import settings from "../deno.json" with { type: "json" };

const README = await Deno.readTextFile(new URL("../README.md", import.meta.url));
const CONFIG = fromFileUrl(new URL("../deno.json", import.meta.url));

/** The code in the README in one language, block by block. */
function blocks(language: string): string[] {
  const found = README.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"));
  return [...found].map(([, code]) => code);
}

/** `text` with its one `part` replaced. */
function replaceOnce(text: string, part: string, replacement: string): string {
  assertEquals(text.split(part).length, 2, `the README has ${part} once`);
  return text.replace(part, replacement);
}

Deno.test("the README's library example type-checks, trains and writes a folded network", async () => {
  const [code, ...others] = blocks("ts");
  assertEquals(others, []);
  const images = 'name: "synthetic", imageSize: 28, channels: 1, trainCount: 128, testCount: 1';
  const local = replaceOnce(
    replaceOnce(code, "./mod.ts", new URL("../mod.ts", import.meta.url).href),
    'name: "mnist"',
    images,
  );
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "example.ts"), local);
    const { code: status, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--check",
        `--config=${CONFIG}`,
        "--no-prompt",
        "--allow-read",
        "--allow-write=.",
        "--allow-env",
        "example.ts",
      ],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(status, 0, new TextDecoder().decode(stderr));
    const { description, tensors } = await readFoldedNetwork(join(folder, "folded.safetensors"));
    assertEquals(description.input, { height: 28, width: 28, channels: 1 });
    assert(tensors.has("fc.weight"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the README's configs are accepted as they stand", () => {
  const configs = blocks("yaml");
  assert(configs.length > 0);
  for (const config of configs) parseConfig(config, "README.md");
});

Deno.test("every task the README calls exists", () => {
  const named = [...README.matchAll(/\bdeno(?:@\S+)? task ([a-z]+)/g)].map(([, name]) => name);
  assert(named.length > 0);
  assertEquals(named.filter((name) => !Object.hasOwn(settings.tasks, name)), []);
});
