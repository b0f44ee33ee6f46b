import { assertEquals } from "@std/assert";
import { logEpoch, logSteps, startRun, withRun } from "../../support/logged_run.ts";

Deno.test("each logged step is a line", () =>
  withRun(async (path) => {
    const lines: string[] = [];
    const print = (line: string) => void lines.push(line);
    const folder = await startRun(path, ["stdout"], "refuse", { print });
    await logSteps(folder, [3], { gradientNorm: 12.345678, updateRatio: null });
    await logEpoch(folder, 3);
    folder.close();
    assertEquals(lines, [
      "epoch 1  step 3  learningRate 0.5  loss 0.33333  gradientNorm 12.346",
    ]);
  }));
