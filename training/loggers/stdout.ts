import { z } from "../../schema/entry.ts";
import { type LoggerEntry, numbersOf } from "./logger.ts";

const schema = z.object({});

/** Digits of a number that are shown. */
const DIGITS = 5;

/** One line on standard output per logged step, between those for epochs. */
export const stdout: LoggerEntry<typeof schema> = {
  about: "A line on standard output for each step that is logged",
  schema,
  build: (_, { print }) => ({
    log(entry) {
      if (entry.event !== "step") return;
      const shown = numbersOf(entry)
        .map(([name, value]) => `${name} ${Number(value.toPrecision(DIGITS))}`);
      print?.([`epoch ${entry.epoch}`, `step ${entry.step}`, ...shown].join("  "));
    },
  }),
};
