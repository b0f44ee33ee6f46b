import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { UNCHECKED_COMMANDS } from "../../unchecked.ts";
import { TINY, withTinyConfig } from "../e2e/cli.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

async function deno(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT })
    .output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

Deno.test("only commands that run nothing but our own WebAssembly run without bounds checks", () => {
  const unchecked = Object.entries<{ command: string }>(manifest.tasks)
    .filter(([, { command }]) => command.includes("--no-wasm-bounds-checks"))
    .map(([name]) => name);
  assertEquals(unchecked, UNCHECKED_COMMANDS);
});

Deno.test("the flags of the tasks, and nothing else, make the paired form the default", async () => {
  const { command } = manifest.tasks.train;
  const [flags] = /--v8-flags=\S+/.exec(command) ?? [];
  assertEquals(manifest.tasks.bench.command.includes(`${flags} `), true);
  const probe = `const { cpuFeatures } = await import("./backends/registry.ts");
    console.log(JSON.stringify(cpuFeatures()));`;
  const features = async (...options: string[]) =>
    JSON.parse((await deno("eval", ...options, "--no-check", probe)).out);
  const plain = await features();
  assertEquals(plain.pairedSimd, false);
  const pairs = plain.relaxedSimd && Deno.build.arch === "x86_64";
  assertEquals(await features(`${flags}`), { ...plain, pairedSimd: pairs });
});

/** What reads pictures, and files whose programs are then run. */
const UNSAFE = /images\.ts$|jsquash|\.wasm$|checkpoints\/load\.ts$/;

for (const command of UNCHECKED_COMMANDS) {
  Deno.test(`${command} loads neither a picture decoder nor what opens networks to run`, async () => {
    const { out } = await deno("info", "--json", `cli/${command}.ts`);
    const { modules } = JSON.parse(out) as { modules: { specifier: string }[] };
    const loaded = modules.map(({ specifier }) => specifier);
    assert(loaded.some((specifier) => specifier.endsWith("/backends/wasm/emit.ts")));
    assertEquals(loaded.filter((name) => UNSAFE.test(name)), []);
  });
}

Deno.test("other commands are refused without bounds checks", async () => {
  const { code, error } = await deno("run", "--allow-read", "unchecked.ts", "predict");
  assertEquals(code, 2);
  assertStringIncludes(error, "does not run without bounds checks");
});

Deno.test("the option that kept bounds checks once names the task that does", async () => {
  const { code, error } = await deno("run", "--allow-read", "unchecked.ts", "train", "--safe");
  assertEquals(code, 2);
  assertStringIncludes(error, "deno task train:safe");
});

Deno.test("deno task bench runs with its flags, bench:safe without", async () => {
  await withTinyConfig(async (folder) => {
    for (const task of ["bench", "bench:safe"]) {
      const { code, out, error } = await deno(
        ...["task", task, `${folder}/tiny.yaml`, "--set", "backend=cpu", "--steps=1", "--json"],
      );
      assertEquals(code, 0, error);
      assert(JSON.parse(out).imagesPerSecond > 0);
    }
  }, TINY);
});
