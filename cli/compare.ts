/** `overfold compare`: trains variants of a config with the same seeds, and says what differs. */

import { join } from "@std/path";
import { planRuns } from "../comparison/planned_run.ts";
import { variantsOf } from "../comparison/variants.ts";
import { EXIT } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import { formatNumberOf } from "../reporting/format.ts";
import { type Command, howToDoWithoutNative, setOption } from "./command.ts";
import { trainAll } from "./compare_runs.ts";
import { stopAfterStep } from "./interruption.ts";
import { checkFolder } from "./output.ts";
import { readConfig } from "./prepare.ts";

/** Trainings of each variant, unless told otherwise. */
const SEEDS = 5;

/** `compare CONFIG`. */
export const command: Command = {
  positionals: [{ name: "CONFIG", help: "A config file in YAML" }],
  options: {
    vary: {
      value: "KEY=VALUE,VALUE",
      repeated: true,
      help: "What differs, such as model.convolution=conv,do_conv",
    },
    seeds: { value: "N", help: `How often each variant is trained; by default ${SEEDS} times` },
    set: setOption("the config", "training.epochs=5"),
    output: { value: "DIR", help: "Folder of all runs; by default output/NAME-compare" },
  },
  details:
    "All variants are trained with the same seeds, those of the config and the numbers after it, so\n" +
    "that they see the same images in the same order and, where kernels have the same shape, start\n" +
    "from the same ones. With --vary several times every combination is a variant.\n" +
    "Ctrl-C finishes the step under way, saves and exits with code 130. The same command goes on where\n" +
    "it was broken off and skips what is done; more seeds, or other values, add to what is there.\n" +
    howToDoWithoutNative("compare"),
  async run(args, context) {
    const { config } = await readConfig(args.positionals[0], args, context);
    const output = args.text("output") ??
      fromHome(join(config.output, `${config.name}-compare`));
    await checkFolder(output);
    const count = args.integer("seeds") ?? SEEDS;
    const seeds = Array.from({ length: count }, (_, i) => config.seed + i);
    const variants = variantsOf(args.texts("vary"), config.name);
    const runs = await planRuns({
      config: args.positionals[0],
      set: args.texts("set"),
      variants,
      seeds,
      output,
    });
    using interruption = stopAfterStep(context);
    const { isStopped, failed } = await trainAll(runs, output, interruption, context);
    if (isStopped) return EXIT.interrupted;
    if (failed.length === 0) return EXIT.success;
    context.progress.print(
      `${formatNumberOf(failed.length, "run")} failed: ${
        failed.map(({ name }) => name).join(", ")
      }`,
    );
    return EXIT.failure;
  },
};
