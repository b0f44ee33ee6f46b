/** Loggers by name. */
import { type Choice, choiceOf, chosen, z } from "../../schema/entry.ts";
import { csv } from "./csv.ts";
import type { LoggedRun, Logger, LoggerEntry } from "./logger.ts";
import { stdout } from "./stdout.ts";
import { tensorboard } from "./tensorboard.ts";

/** A new one is an import and a line here. */
export const LOGGERS = {
  csv,
  stdout,
  tensorboard,
} satisfies Record<string, LoggerEntry>;

/** A logger as a config names it: `{ name, …options }`, or a name alone. */
export type LoggerOptions = Choice<typeof LOGGERS>;

/** The loggers of a run. */
export const loggersSchema = z.array(choiceOf(LOGGERS)).refine(
  (list) =>
    new Set(list.map((one) => typeof one === "string" ? one : one.name)).size === list.length,
  { error: "each logger can be named once" },
).default([]).describe("What keeps or shows the log in other forms, besides metrics.jsonl");

/** Opens the loggers of a run, in order. */
export async function openLoggers(
  choices: readonly LoggerOptions[],
  run: LoggedRun,
): Promise<Logger[]> {
  const loggers: Logger[] = [];
  try {
    for (const choice of choices) {
      const { entry, options } = chosen<LoggerEntry>(LOGGERS, choice, "logger");
      loggers.push(await entry.build(options, run));
    }
  } catch (error) {
    for (const logger of loggers) logger.close?.();
    throw error;
  }
  return loggers;
}

/** Whether a file in a run's folder belongs to a logger, by its name. */
export function isLoggerFile(name: string): boolean {
  return Object.values<LoggerEntry>(LOGGERS).some(({ files }) => files?.test(name));
}
