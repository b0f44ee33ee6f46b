/** The option `--tta`: pictures are seen in several views. */

import { TEST_TIMES, type TestTime } from "../datasets/test_time.ts";
import type { Arguments, Option } from "./command.ts";

/** The option. */
export const ttaOption: Option = {
  value: "WAY",
  help: `Average over several views of each picture: ${TEST_TIMES.join(", ")}`,
};

/** What it says. Throws InputError for another way. */
export function chosenTta(args: Arguments): TestTime | undefined {
  return args.choice("tta", TEST_TIMES);
}
