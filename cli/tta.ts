import { TEST_TIMES, type TestTime } from "../datasets/test_time.ts";
import type { Arguments, Option } from "./command.ts";

/** The option `--tta`: averages over several views of each image. */
export const ttaOption: Option = {
  value: "WAY",
  help: `Average over several views of each image: ${TEST_TIMES.join(", ")}`,
};

/** Its value. Throws InputError for an unknown one. */
export function chosenTta(args: Arguments): TestTime | undefined {
  return args.choice("tta", TEST_TIMES);
}
