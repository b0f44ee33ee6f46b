import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { parseConfig } from "../../../config/load.ts";
import { DISK } from "../../../files/disk.ts";
import { InputError, RunError } from "../../../errors.ts";
import { type LoggerOptions, LOGGERS } from "../../../training/loggers/registry.ts";
import { assertThrows } from "@std/assert";
import { logEpoch, logSteps, startRun, withRun } from "../../support/logged_run.ts";

const ALL = Object.keys(LOGGERS) as LoggerOptions[];

async function namesIn(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).toSorted();
}

async function runWithAll(path: string): Promise<void> {
  const folder = await startRun(path, ALL);
  await logSteps(folder, [1]);
  await logEpoch(folder, 1);
  folder.close();
}

Deno.test("starting a run over deletes the files of its loggers, and nothing else", () =>
  withRun(async (path) => {
    const without = await startRun(path, []);
    without.close();
    const own = await namesIn(path);
    await runWithAll(path);
    assertEquals((await namesIn(path)).length, own.length + 3);
    await Deno.writeTextFile(join(path, "notes.csv"), "");
    (await startRun(path, [], "replace")).close();
    assertEquals(await namesIn(path), [...own, "notes.csv"].toSorted());
  }));

Deno.test("a user's own table is not overwritten", () =>
  withRun(async (path) => {
    await Deno.mkdir(path);
    await Deno.writeTextFile(join(path, "steps.csv"), "mine");
    await assertRejects(() => startRun(path, ["csv"], "replace"), InputError, "no run wrote");
    assertEquals(await Deno.readTextFile(join(path, "steps.csv")), "mine");
  }));

for (const logger of ["csv", "tensorboard"] as const) {
  Deno.test(`a full disk ends the run with a hint: ${logger}`, () =>
    withRun(async (path) => {
      let isFull = false;
      const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      const folder = await startRun(path, [logger], "resume", undefined, {
        ...DISK,
        async open(path, options) {
          const file = await DISK.open(path, options);
          const write = file.write.bind(file);
          if (!/jsonl|\.lock/.test(path)) {
            file.write = (bytes) => isFull ? Promise.reject(full) : write(bytes);
          }
          return file;
        },
      });
      await logSteps(folder, [1]);
      isFull = true;
      const error = await assertRejects(
        () => logSteps(folder, [2]),
        RunError,
        "fix that, and the run can continue",
      );
      assertEquals(error.message.startsWith(path), true);
      folder.close();
    }));
}

Deno.test("a config can name each logger only once", () => {
  const config = (loggers: string) =>
    parseConfig(
      `data: {dataset: mnist}\nmodel: {layers: [flatten, {linear: {outFeatures: 10}}]}\n` +
        `training: {loggers: ${loggers}}\n`,
      "config.yaml",
    ).config.training.loggers;
  assertEquals(config("[csv, {name: tensorboard, histograms: false}]"), [
    "csv",
    { name: "tensorboard", histograms: false, pictures: true },
  ]);
  assertThrows(() => config("[csv, csv]"), InputError, "each logger can be named once");
  assertThrows(() => config("[tensorbord]"), InputError, "tensorboard");
});
