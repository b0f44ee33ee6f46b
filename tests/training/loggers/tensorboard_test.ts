import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { encodePng } from "../../../files/encode_png.ts";
import { emptyRaster } from "../../../files/raster.ts";
import type { LoggerOptions } from "../../../training/loggers/registry.ts";
import {
  doublesAt,
  type Fields,
  messageAt,
  readEvents,
  readFields,
  summariesOf,
  textAt,
} from "../../support/event_files.ts";
import {
  CONFIG_TEXT,
  logEpoch,
  logSteps,
  saveAt,
  startRun,
  withRun,
} from "../../support/logged_run.ts";

const eventsOf = async (path: string, file = 1) =>
  readEvents(await Deno.readFile(join(path, `events.out.tfevents.00000${file}.overfold`)));
const stepOf = (event: Fields) => Number(event.get(2)?.[0] ?? 0);

/** Logs two steps, an epoch and the end, and returns the events. */
async function logged(path: string, logger: LoggerOptions = "tensorboard"): Promise<Fields[]> {
  const png = await encodePng(emptyRaster(5, 9, 3));
  const pictures = () => Promise.resolve({ batch: png });
  const folder = await startRun(path, [logger], "refuse", { pictures });
  await logSteps(folder, [1, 2], { gradientNorm: 4, gradientNorms: { "conv.weight": 0.5 } });
  await logEpoch(
    folder,
    2,
    new Map([
      ["conv.weight", { shape: [2, 2], dtype: "f32", data: Float32Array.of(-1, 0, 0.99, 2) }],
      ["bn.numBatchesTracked", { shape: [], dtype: "i64", data: BigInt64Array.of(3n) }],
    ]),
  );
  await folder.complete();
  folder.close();
  return eventsOf(path);
}

Deno.test("an event file states its version, and numbers have tags and steps", () =>
  withRun(async (path) => {
    const events = await logged(path);
    assertEquals(textAt(events[0], 3), "brain.Event:2");
    const scalars = events.flatMap((event) =>
      [...summariesOf(event)].filter(([, value]) => value.has(2))
        .map(([tag, value]) => [stepOf(event), tag, value.get(2)![0]])
    );
    assertEquals(scalars, [
      ...[1, 2].flatMap((step) => [
        [step, "steps/learningRate", 0.5],
        [step, "steps/loss", 1 / step],
        [step, "steps/gradientNorm", 4],
        [step, "gradientNorms/conv.weight", 0.5],
      ]),
      [2, "epochs/learningRate", 0.5],
      [2, "epochs/loss", 2],
      [2, "epochs/accuracy", 0.25],
      [2, "epochs/validLoss", 3],
    ]);
    for (const event of events) assertEquals(Number(event.get(1)![0]) > 1e9, true);
  }));

Deno.test("weights are histograms whose bins count every number once", () =>
  withRun(async (path) => {
    const events = await logged(path);
    const found = events.flatMap((event) => [...summariesOf(event)])
      .filter(([, value]) => value.has(5));
    assertEquals(found.map(([tag]) => tag), ["weights/conv.weight"]);
    const histogram = messageAt(found[0][1], 5);
    const number = (field: number) => histogram.get(field)![0];
    assertEquals([1, 2, 3].map(number), [-1, 2, 4]);
    const [limits, counts] = [doublesAt(histogram, 6), doublesAt(histogram, 7)];
    assertEquals([limits.length, limits[29]], [30, 2]);
    const filled = counts.flatMap((count, i) => count > 0 ? [[i, count]] : []);
    // Bins are 0.1 wide.
    assertEquals(filled, [[0, 1], [10, 1], [19, 1], [29, 1]]);
  }));

Deno.test("config, hyperparameters and images are logged at the start", () =>
  withRun(async (path) => {
    const events = await logged(path);
    const start = summariesOf(events[1]);
    assertEquals(stepOf(events[1]), 0);
    assertEquals([...start.keys()], ["config", "_hparams_/session_start_info", "pictures/batch"]);
    const text = start.get("config")!;
    assertEquals(textAt(messageAt(text, 8), 8), `\`\`\`yaml\n${CONFIG_TEXT}\n\`\`\``);
    assertEquals(textAt(messageAt(text, 9, 1), 1), "text");
    const image = messageAt(start.get("pictures/batch")!, 4);
    assertEquals([1, 2, 3].map((field) => image.get(field)![0]), [5, 9, 3]);
    assertEquals((image.get(4)![0] as Uint8Array).subarray(1, 4), new TextEncoder().encode("PNG"));
    const plugin = messageAt(start.get("_hparams_/session_start_info")!, 9, 1);
    assertEquals(textAt(plugin, 1), "hparams");
    const entries = messageAt(plugin, 2, 3).get(1)!.map((entry) => readFields(entry as Uint8Array));
    const values = entries.map((entry) => [textAt(entry, 1), messageAt(entry, 2)] as const);
    assertEquals(values.map(([name]) => name), [
      "name",
      "seed",
      "data.batchSize",
      "data.dropLast",
      "data.train",
    ]);
    assertEquals(textAt(values[0][1], 3), "tiny");
    assertEquals(values[2][1].get(2), [4]);
    assertEquals(values[3][1].get(4), [1]);
    assertEquals(textAt(values[4][1], 3), '["horizontal_flip"]');
    const end = messageAt(
      summariesOf(events.at(-1)!).get("_hparams_/session_end_info")!,
      ...[9, 1, 2, 4],
    );
    assertEquals(end.get(1), [1]);
  }));

Deno.test("histograms and images can be left out", () =>
  withRun(async (path) => {
    const events = await logged(path, { name: "tensorboard", histograms: false, pictures: false });
    const summaries = events.flatMap((event) => [...summariesOf(event).values()]);
    assertEquals(summaries.some((value) => value.has(4) || value.has(5)), false);
  }));

Deno.test("a resumed run writes another file, which discards what was logged after the checkpoint", () =>
  withRun(async (path) => {
    const folder = await startRun(path, ["tensorboard"]);
    await logSteps(folder, [1, 2]);
    await saveAt(folder, 2);
    await logSteps(folder, [3, 4]);
    folder.close();
    const resumed = await startRun(path, ["tensorboard"]);
    await logSteps(resumed, [3]);
    resumed.close();
    assertEquals((await eventsOf(path)).map(stepOf), [0, 0, 1, 2, 3, 4]);
    const events = await eventsOf(path, 2);
    assertEquals(events.map(stepOf), [0, 3, 2, 3]);
    // SessionLog.START: earlier events of this step and later ones are not shown.
    assertEquals(messageAt(events[1], 7).get(1), [1]);
  }));
