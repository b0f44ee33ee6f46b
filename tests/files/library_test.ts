/** Libraries that are neither cached nor downloadable are reported with how to get them. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import manifest from "../../deno.json" with { type: "json" };
import { RunError } from "../../errors.ts";
import { importLibrary, missingLibrary } from "../../files/library.ts";
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";

/** Deno's messages, with the missing library and the reason. */
const MISSING: readonly (readonly [message: string, library: string, reason: string])[] = [
  [
    'Failed loading https://registry.test/yaml for package "yaml"\n    0: error sending request\n    1: dns',
    "yaml",
    "error sending request",
  ],
  [
    "Failed caching npm package '@jsquash/png@3.1.1'\n    0: No space left on device",
    "@jsquash/png@3.1.1",
    "No space left on device",
  ],
  ["npm package 'zod' does not exist.", "zod", "does not exist"],
  ["Could not find npm package 'zod' matching '4.6.7'.", "zod", "matching '4.6.7'"],
  [
    "Import 'https://host.test/cli/train.ts' failed.\n    0: connection refused",
    "https://host.test/cli/train.ts",
    "connection refused",
  ],
];

Deno.test("a library that Deno cannot load is reported with its name, the reason and advice", () => {
  for (const [message, library, reason] of MISSING) {
    const error = missingLibrary(new TypeError(message));
    assertEquals(error instanceof RunError, true, message);
    assertStringIncludes(error!.message, `the library ${library} is needed`);
    assertStringIncludes(error!.message, reason);
    assertStringIncludes(error!.message, "deno task fetch");
  }
});

Deno.test("other errors are not taken for missing libraries", async () => {
  const absent = new URL("absent.ts", import.meta.url).href;
  await assertRejects(() => importLibrary(absent), TypeError, "Module not found");
  assertEquals(missingLibrary(new TypeError("x is not iterable")), undefined);
  assertEquals(missingLibrary("Failed"), undefined);
});

Deno.test("a command without its libraries in the cache reports that, not a bug", () =>
  withFolder(async (cache) => {
    const [config, cli] = ["deno.json", "cli.ts"]
      .map((name) => fromFileUrl(new URL(`../../${name}`, import.meta.url)));
    const options = ["--no-check", "--allow-all", "--cached-only", "--config", config];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...options, cli, "inspect", "none.yaml"],
      env: { DENO_DIR: cache, NO_COLOR: "1" },
      stdout: "null",
    }).output();
    const error = new TextDecoder().decode(stderr);
    assertEquals(code, 1, error);
    assertStringIncludes(error, "error: the library ");
    assertStringIncludes(error, "is not in Deno's cache");
    assertStringIncludes(error, "deno task fetch");
    assertEquals(error.includes("bug"), false, error);
  }));

Deno.test("deno task itself fetches no library before a command can report a missing one", () => {
  assertEquals("imports" in manifest, false);
  assertEquals(manifest.lock, false);
  for (const [name, { command }] of Object.entries(manifest.tasks)) {
    if (name !== "lock") assertEquals(command.startsWith("deno cache"), false, name);
  }
});

Deno.test("deno task fetch reports a missing library without a network", () =>
  withFolder(async (cache) => {
    const nowhere = "http://127.0.0.1:1/";
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "fetch", "--help"],
      cwd: fromFileUrl(new URL("../../", import.meta.url)),
      env: { DENO_DIR: cache, NPM_CONFIG_REGISTRY: nowhere, NO_COLOR: "1" },
      stdout: "null",
    }).output();
    const error = new TextDecoder().decode(stderr);
    assertEquals(code, 1, error);
    assertStringIncludes(error, "error: the library ");
    assertStringIncludes(error, "is not in Deno's cache and cannot be fetched");
  }));

Deno.test("fetch caches all libraries", async () => {
  const { code, out, error } = await run("fetch", "--json");
  assertEquals(code, 0, error);
  assertEquals(JSON.parse(out).cached, [
    "the libraries of all commands",
    "the libraries for ONNX files",
    "the library for Parquet files",
    "the library for ZIP archives",
    "ONNX Runtime",
    "the bundler and the chart library for web pages",
  ]);
});
