import { assertEquals, assertStringIncludes } from "@std/assert";
import { TrainReport } from "../../cli/train_report.ts";
import { NO_SUMS } from "../../checkpoints/run_state.ts";
import { Progress } from "../../reporting/progress.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";

/** The output for epochs of 100 seconds with these waits for images. */
function reported(waits: readonly number[]) {
  const [lines, notes, events]: [string[], string[], unknown[]] = [[], [], []];
  const context = {
    call: "overfold train",
    json: false,
    print: (line: string) => void lines.push(line),
    emit: (event: object) => void events.push(event),
    progress: new Progress({
      write: (text) => void notes.push(text),
      isTerminal: false,
      columns: () => 80,
      now: () => 0,
    }),
    loadCommands: () => Promise.resolve(),
  };
  const objective = objectiveOf("classification", 3);
  const recipe = { objective, monitor: { metric: "loss", mode: "min" } as const };
  const report = new TrainReport(context, {}, recipe, 0, "hint: more threads", () => 0);
  waits.forEach((dataWait, i) =>
    report.epoch({
      epoch: i + 1,
      step: i + 1,
      learningRate: 0.1,
      train: objective.summarize(NO_SUMS),
      isBest: false,
      seconds: 100,
      dataWait,
    })
  );
  return { lines, notes, events, report };
}

Deno.test("the event of a logged step has the log's norms", () => {
  const { report, events } = reported([]);
  const norms = { gradientNorm: 2, updateRatio: null };
  const step = { epoch: 1, step: 1, batch: 1, learningRate: 0.1, loss: 3 };
  report.step({ ...step, epochMean: { count: 8, loss: 3 }, logged: true, norms });
  const { batch: _, ...position } = step;
  assertEquals(events, [{ event: "step", ...position, ...norms, imagesPerSecond: 0 }]);
});

Deno.test("an epoch's line reports long waits for images, and the first one adds a hint", () => {
  const { lines, notes, events } = reported([4.9, 5.1, 50]);
  assertEquals(lines.map((line) => line.includes("waiting for images")), [false, true, true]);
  assertStringIncludes(lines[2], "waiting for images 50.00 %");
  assertEquals(notes, ["hint: more threads\n"]);
  assertEquals(events.map((event) => (event as { dataWait: number }).dataWait), [4.9, 5.1, 50]);
});
