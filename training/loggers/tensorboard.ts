import { join } from "node:path";
import { floatsOf, type StateDict } from "../../layers/module.ts";
import { isRecord } from "../../schema/record.ts";
import { z } from "../../schema/entry.ts";
import { EventFile } from "./event_file.ts";
import type { LogEntry } from "../log_rows.ts";
import { type LoggedRun, type LoggerEntry, numbersOf } from "./logger.ts";
import {
  histogram,
  image,
  restartEvent,
  runEnd,
  runStart,
  scalar,
  summaryEvent,
  text,
} from "./summaries.ts";

const schema = z.object({
  histograms: z.boolean().default(true).describe(
    "Histograms of all weights and statistics after each epoch",
  ),
  pictures: z.boolean().default(true).describe("The first pictures that are trained on"),
});

/** Names of event files, numbered in the order in which they were begun. */
const FILE = /^events\.out\.tfevents\.(\d{6})\.overfold$/;

/**
 * Event files for TensorBoard, one per start or resumption of the run. The file of a resumed run
 * removes later steps of earlier files.
 */
export const tensorboard: LoggerEntry<typeof schema> = {
  about: "Event files for TensorBoard: tensorboard --logdir runs",
  schema,
  files: FILE,
  async build({ histograms, pictures }, run) {
    const file = await EventFile.create(await nextPath(run.folder), run.disk);
    let last = run.step;
    if (run.step > 0) await file.write(run.step + 1, restartEvent());
    await file.write(run.step, summaryEvent(await beginning(run, pictures)));
    return {
      async log(entry, weights) {
        last = Number(entry.step);
        const shown = scalarsOf(entry).map(([tag, value]) => scalar(tag, value));
        const spread = histograms && weights ? histogramsOf(weights) : [];
        await file.write(last, summaryEvent([...shown, ...spread]));
      },
      complete: () => file.write(last, summaryEvent([runEnd()])),
      close: () => file.close(),
    };
  },
};

/** What is shown as soon as a run starts or is resumed. */
async function beginning(run: LoggedRun, withPictures: boolean) {
  const pictures = withPictures && run.step === 0 ? await run.pictures?.() : undefined;
  return [
    text("config", `\`\`\`yaml\n${run.configText}\n\`\`\``),
    runStart(run.config),
    ...Object.entries(pictures ?? {}).map(([name, png]) => image(`pictures/${name}`, png)),
  ];
}

/** The numbers of an entry by tag, including those of each parameter. */
function scalarsOf(entry: LogEntry): [tag: string, value: number][] {
  const own = numbersOf(entry)
    .map(([name, value]): [string, number] => [`${entry.event}s/${name}`, value]);
  const groups = Object.entries(entry).filter(([, group]) => isRecord(group));
  return [
    ...own,
    ...groups.flatMap(([name, group]) =>
      numbersOf(group as LogEntry)
        .map(([part, value]): [string, number] => [`${name}/${part}`, value])
    ),
  ];
}

/** Histograms of every tensor except counters. */
function histogramsOf(weights: StateDict) {
  return [...weights].filter(([, { shape }]) => shape.length > 0)
    .map(([name, tensor]) => histogram(`weights/${name}`, floatsOf(tensor)));
}

async function nextPath(folder: string): Promise<string> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  const last = Math.max(0, ...names.map((name) => Number(FILE.exec(name)?.[1] ?? 0)));
  return join(folder, `events.out.tfevents.${String(last + 1).padStart(6, "0")}.overfold`);
}
