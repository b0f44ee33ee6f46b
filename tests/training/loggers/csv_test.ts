import { assertEquals } from "@std/assert";
import { parse } from "@std/csv";
import { join } from "@std/path";
import { logEpoch, logSteps, saveAt, startRun, withRun } from "../../support/logged_run.ts";

const tableOf = async (path: string, name: string) =>
  parse(await Deno.readTextFile(join(path, name)));

Deno.test("steps and epochs each have a table with a column per number", () =>
  withRun(async (path) => {
    const folder = await startRun(path, ["csv"]);
    await logSteps(folder, [1, 2], { gradientNorms: { weight: 1 }, gradientNorm: 4 });
    await logEpoch(folder, 2);
    folder.close();
    assertEquals(await tableOf(path, "steps.csv"), [
      ["epoch", "step", "learningRate", "loss", "gradientNorm"],
      ["1", "1", "0.5", "1", "4"],
      ["1", "2", "0.5", "0.5", "4"],
    ]);
    assertEquals(await tableOf(path, "epochs.csv"), [
      ["epoch", "step", "learningRate", "loss", "accuracy", "validLoss"],
      ["1", "2", "0.5", "2", "0.25", "3"],
    ]);
  }));

Deno.test("a resumed run repeats no row and drops those after its checkpoint", () =>
  withRun(async (path) => {
    const folder = await startRun(path, ["csv"]);
    await logSteps(folder, [1, 2]);
    await saveAt(folder, 2);
    await logSteps(folder, [3, 4]);
    folder.close();
    const resumed = await startRun(path, ["csv"]);
    assertEquals((await tableOf(path, "steps.csv")).map(([, step]) => step), ["step", "1", "2"]);
    await logSteps(resumed, [3, 5]);
    resumed.close();
    const steps = (await tableOf(path, "steps.csv")).map(([, step]) => step);
    assertEquals(steps, ["step", "1", "2", "3", "5"]);
  }));

Deno.test("a table requested later contains everything logged before", () =>
  withRun(async (path) => {
    const folder = await startRun(path, []);
    await logSteps(folder, [1]);
    await saveAt(folder, 1);
    folder.close();
    (await startRun(path, ["csv"])).close();
    assertEquals((await tableOf(path, "steps.csv")).length, 2);
  }));

Deno.test("a new number gets a column, empty in earlier rows", () =>
  withRun(async (path) => {
    const folder = await startRun(path, ["csv"]);
    await logSteps(folder, [1]);
    await logSteps(folder, [2], { 'odd, "name"': 9 });
    await logSteps(folder, [4]);
    folder.close();
    assertEquals(await tableOf(path, "steps.csv"), [
      ["epoch", "step", "learningRate", "loss", 'odd, "name"'],
      ["1", "1", "0.5", "1", ""],
      ["1", "2", "0.5", "0.5", "9"],
      ["1", "4", "0.5", "0.25", ""],
    ]);
  }));
