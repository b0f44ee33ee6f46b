/** Runs that are killed at a few moments and resumed; `kill_many.ts` kills at many. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { jsonLines, overfold, startOverfold, withTinyConfig } from "./cli.ts";
import { killAt, KILLED, KILLED_ON_PICTURES, resultsOf, WORKERS, writePictures } from "./kills.ts";

/** Waits for an event of this kind at this step or later. */
function atEvent(kind: string, atStep: number) {
  return async (process: Deno.ChildProcess) => {
    for await (const { event, step } of jsonLines(process)) {
      if (event === kind && Number(step) >= atStep) return;
    }
  };
}

Deno.test("a killed and resumed run ends with the bits of an uninterrupted one", () =>
  withTinyConfig(async (folder) => {
    const train = (output: string) => ["train", "tiny.yaml", "--output", output];
    const { code, error } = await overfold(folder, ...train("uninterrupted"));
    assertEquals(code, 0, error);
    for (
      const moment of [
        atEvent("start", 0),
        atEvent("step", 7),
        atEvent("epoch", 24),
        atEvent("epoch", 48),
      ]
    ) {
      await killAt(startOverfold(folder, ...train("killed"), "--resume", "--json"), moment);
    }
    const resumed = await overfold(folder, ...train("killed"), "--resume");
    assertEquals(resumed.code, 0, resumed.error);
    assertEquals(
      await resultsOf(join(folder, "killed")),
      await resultsOf(join(folder, "uninterrupted")),
    );
  }, KILLED));

Deno.test("a run on images killed mid-epoch resumes with any number of workers", () =>
  withTinyConfig(async (folder) => {
    await writePictures(folder);
    const train = (output: string, workers: number) => [
      ...["train", "tiny.yaml", "--output", output, "--resume"],
      ...["--set", `data.workers=${workers}`],
    ];
    const uninterrupted = await overfold(folder, ...train("uninterrupted", 1));
    assertEquals(uninterrupted.code, 0, uninterrupted.error);
    // Epochs have 6 steps.
    for (const [i, workers] of WORKERS.entries()) {
      const process = startOverfold(folder, ...train("killed", workers), "--json");
      assertEquals(await killAt(process, atEvent("step", 6 * i + 3)), true);
    }
    const resumed = await overfold(folder, ...train("killed", 4));
    assertEquals(resumed.code, 0, resumed.error);
    assertEquals(
      await resultsOf(join(folder, "killed")),
      await resultsOf(join(folder, "uninterrupted")),
    );
  }, KILLED_ON_PICTURES));
