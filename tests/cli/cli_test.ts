import { opNames } from "../../cli/kernel_case.ts";
import { datasetNames, DATASETS } from "../../datasets/registry.ts";
import { type Entry, findEntry } from "../../schema/entry.ts";
import { listModels } from "../../models/registry.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS, main } from "../../cli.ts";
import manifest from "../../deno.json" with { type: "json" };
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";

Deno.test("every command is a task", () => {
  const tasks = Object.keys(manifest.tasks);
  assertEquals(COMMANDS.map(({ name }) => name).filter((name) => !tasks.includes(name)), []);
});

Deno.test("the commands are listed without a command and with --help", async () => {
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    const { code, out } = await run(...args);
    assertEquals(code, 0);
    for (const { name, summary } of COMMANDS) assertMatch(out, new RegExp(`${name} +${summary}`));
  }
  assertMatch((await run("--version")).out, /^overfold \d+\.\d+\.\d+\n$/);
});

for (const { name, summary } of COMMANDS) {
  Deno.test(`${name} --help explains its arguments and options`, async () => {
    const { code, out, error } = await run(name, "--help");
    assertEquals([code, error], [0, ""]);
    assertEquals((await run("help", name)).out, out);
    assertStringIncludes(out, `${summary}.\n\nUsage: overfold ${name} `);
    assertStringIncludes(out, "--json");
    for (const line of out.split("\n")) assertEquals(line.length <= 100, true, line);
  });

  Deno.test(`${name} rejects an unknown option with exit code 2`, async () => {
    const { code, error } = await run(name, "--jsno");
    assertEquals(code, 2);
    assertStringIncludes(error, `overfold ${name}: unknown option --jsno; did you mean "--json"?`);
  });
}

Deno.test("help lists every valid name of a dataset, model and op", async () => {
  const named = { datasets: datasetNames(), import: listModels(), kernel: opNames() };
  for (const [command, names] of Object.entries(named)) {
    const { out } = await run(command, "--help");
    const words = out.split(/\W+/);
    assertEquals(names.filter((name) => name !== "layers" && !words.includes(name)), []);
  }
});

Deno.test("an unknown command is rejected with the nearest name", async () => {
  assertEquals(await run("dotcor"), {
    code: 2,
    out: "",
    error: 'error: unknown command "dotcor"; did you mean "doctor"?\n',
  });
  assertStringIncludes((await run("xyzzy")).error, "valid commands: ");
});

Deno.test("wrong arguments are rejected with the usage", async () => {
  const missing = await run("datasets");
  assertEquals(missing.code, 2);
  assertStringIncludes(missing.error, "ACTION is missing");
  assertStringIncludes(missing.error, "Usage: overfold datasets ACTION [NAME]");
  const tooMany = await run("init", "a", "b");
  assertStringIncludes(tooMany.error, 'unexpected argument "b"');
  assertEquals(tooMany.code, 2);
  const values = [
    [["--root"], "--root needs a value, DIR"],
    [["--root", "--json"], '--root needs a value, DIR; if "--json" is meant, write --root=--json'],
    [["--json=yes"], "--json takes no value"],
  ] as const;
  for (const [options, message] of values) {
    const { code, error } = await run("datasets", "list", ...options);
    assertEquals([code, error], [2, `error: overfold datasets: ${message}\n`]);
  }
});

Deno.test("datasets list shows every dataset, as text or as JSON lines", async () => {
  const { code, out } = await run("datasets", "list");
  assertEquals(code, 0);
  for (const name of ["mnist", "fashion_mnist", "cifar10", "cifar100", "synthetic"]) {
    assertStringIncludes(out, name);
  }
  assertMatch(out, /synthetic .* classes, imageSize/);
  assertStringIncludes(out, "`overfold init --images PATH`");
  const records = (await run("datasets", "list", "--json")).out.trim().split("\n")
    .map((line) => JSON.parse(line));
  for (const { name, options } of records) {
    assertEquals(options, Object.keys(findEntry<Entry>(DATASETS, name, "dataset").schema.shape));
  }
  assertEquals(records.map(({ name }) => name).includes("cifar100"), true);
});

Deno.test("datasets rejects unknown names, actions and options", async () => {
  const errors = [
    [["datasets", "lst"], 'unknown action "lst"; did you mean "list"?'],
    [["datasets", "download"], "NAME is missing"],
    [["datasets", "download", "minst"], 'did you mean "mnist"?'],
    [["datasets", "download", "mnist", "--checksum", "x"], "expected FILE=sha256:HEX"],
  ] as const;
  for (const [args, message] of errors) {
    const { code, error } = await run(...args);
    assertEquals(code, 2);
    assertStringIncludes(error, message);
  }
  const computed = await run("datasets", "download", "synthetic", "--json");
  assertEquals(JSON.parse(computed.out), { name: "synthetic", folder: null });
});

Deno.test("init overwrites a config only with --force", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/new.yaml`;
    assertStringIncludes((await run("init", file)).out, `Wrote ${file}`);
    await Deno.writeTextFile(file, "mine");
    const refused = await run("init", file);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.error, "exists already");
    assertEquals(await Deno.readTextFile(file), "mine");
    assertEquals(JSON.parse((await run("init", file, "--force", "--json")).out), { file });
    assertStringIncludes(await Deno.readTextFile(file), "dataset: mnist");
  });
});

Deno.test("a bug is reported with its stack trace; a closed pipe is silent", async () => {
  const failing = async (thrown: Error) => {
    let error = "";
    const code = await main(["--help"], {
      out: () => {
        throw thrown;
      },
      error: { write: (text) => error += text, isTerminal: false, columns: () => 80, now: () => 0 },
    });
    return { code, error };
  };
  const defect = await failing(new TypeError("of undefined"));
  assertEquals(defect.code, 1);
  assertMatch(defect.error, /bug in Overfold .*report it[^]*TypeError: of undefined\n +at /);
  assertEquals(await failing(new Deno.errors.BrokenPipe()), { code: 1, error: "" });
});

Deno.test("the program exits with the exit code and prints no stack trace", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", new URL("../../cli.ts", import.meta.url).href, "inti"],
  }).output();
  assertEquals(code, 2);
  assertEquals(stdout.length, 0);
  assertStringIncludes(new TextDecoder().decode(stderr), 'did you mean "init"?');
  assertEquals(new TextDecoder().decode(stderr).includes("    at "), false);
});

Deno.test({
  name: "a full disk under standard output is reported",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const cli = new URL("../../cli.ts", import.meta.url).href;
    const { code, stderr } = await new Deno.Command("sh", {
      args: ["-c", `"$0" run --no-prompt "$1" --version > /dev/full`, Deno.execPath(), cli],
    }).output();
    assertEquals(code, 1);
    assertEquals(new TextDecoder().decode(stderr), "error: standard output: the disk is full\n");
  },
});

Deno.test("hints about former keys go to standard error", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/old.yaml`;
    const old = "data: { dataset: mnist }\nmodel: { name: do_conv_net, depthMultiplier: 12 }\n";
    await Deno.writeTextFile(path, old);
    const { code, error } = await run("inspect", path, "--json");
    assertEquals(code, 0, error);
    assertStringIncludes(
      error,
      `hint: ${path}:2:29 model.depthMultiplier: instead of depthMultiplier write convolution: `,
    );
  });
});
