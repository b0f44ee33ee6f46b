import { assertEquals } from "@std/assert";
import { TrainReport } from "../../cli/train_report.ts";
import { Progress } from "../../reporting/progress.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";
import { Terminal } from "../support/terminal.ts";

/** A report on a terminal, with a second per step. */
function report(columns: number) {
  const terminal = new Terminal(columns);
  const context = {
    call: "overfold train",
    json: false,
    print: (line: string) => terminal.write(`${line}\n`),
    emit: () => {},
    progress: new Progress(terminal),
    loadCommands: () => Promise.resolve(),
  };
  const objective = objectiveOf("classification", 3);
  const recipe = { objective, monitor: { metric: "accuracy", mode: "max" } as const };
  let seconds = 0;
  const train = new TrainReport(
    ...[context, {}, recipe, 200, "hint"] as const,
    () => seconds,
    () => 300 * 2 ** 20,
  );
  const metrics = (loss: number, accuracy: number, count: number) => ({ loss, accuracy, count });
  const step = (step: number, loss: number) => {
    terminal.time = 1000 * ++seconds;
    const batch = (step - 1) % 4 + 1;
    const epoch = Math.ceil(step / 4);
    const epochMean = metrics(loss, 0.5, 100 * batch);
    train.step({ epoch, step, batch, learningRate: 0.1, loss, epochMean, logged: false });
  };
  const state = { epoch: 0, step: 0, batch: 0, sums: { count: 0 } };
  train.start({ epochs: 3, stepsPerEpoch: 4, state });
  return { terminal, train, step, metrics, context };
}

Deno.test("a wide terminal shows a bar, speed, time left, memory, the loss curve and the best value", async () => {
  const { terminal, train, step, metrics } = report(130);
  for (const [i, loss] of [4, 3, 2, 1].entries()) step(i + 1, loss);
  train.epoch({
    epoch: 1,
    step: 4,
    learningRate: 0.1,
    train: metrics(2.5, 0.5, 400),
    validation: metrics(1, 0.75, 200),
    isBest: true,
    seconds: 4,
    dataWait: 0,
  });
  step(5, 0.5);
  const { lines } = await terminal.screen();
  assertEquals(lines.slice(1), [
    `epoch 2/3  ${"━".repeat(15)}${"─".repeat(45)}  step 1/4  7.0 s left  100 images/s  300.0 MiB`,
    "loss 0.5000 █▆▄▂▁  accuracy 50.00 %  best accuracy 75.00 % (epoch 1)",
  ]);
});

Deno.test("validation has its own bar, and the epoch's metrics stay", async () => {
  const { terminal, train, step } = report(130);
  for (const [i, loss] of [4, 3, 2, 1].entries()) step(i + 1, loss);
  terminal.time += 1000;
  train.validating(100);
  const [first, second] = (await terminal.screen()).lines;
  assertEquals(first.startsWith("epoch 1/3  "), true);
  assertEquals(first.split("━").length, first.split("─").length);
  assertEquals(first.includes("  validating 100/200  "), true);
  assertEquals(second, "loss 1.0000 █▆▃▁  accuracy 50.00 %");
});

Deno.test("a narrow terminal shows the same line as a log", async () => {
  const { terminal, step } = report(90);
  step(1, 4);
  assertEquals((await terminal.screen()).lines, [
    "epoch 1/3  step 1/4  loss 4.0000  accuracy 50.00 %  11.0 s left  100 images/s",
  ]);
});
