/** `overfold train`: trains the network of a config and folds the best checkpoint. */

import { join } from "@std/path";
import { EXIT } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import { type Command, howToDoWithoutNative, setOption } from "./command.ts";
import { stopAfterStep } from "./interruption.ts";
import { checkFolder } from "./output.ts";
import { readConfig } from "./prepare.ts";
import { existingRun, howToGoOn } from "./resume.ts";
import { trainConfig } from "./train_config.ts";

/** `train CONFIG`. */
export const command: Command = {
  positionals: [{ name: "CONFIG", help: "A config file in YAML; `overfold init` writes one" }],
  options: {
    set: setOption("the config", "training.epochs=5"),
    output: { value: "DIR", help: "Folder of this run; by default output/name of the config" },
    resume: { help: "Go on with the run in that folder; start it if there is none" },
    best: { help: "With --resume: go on from the best checkpoint instead of the last" },
    "other-bits": {
      help: "With --resume: compute as fits this machine; the last bits then differ",
    },
    force: { help: "Start anew although there is a run; its checkpoints are deleted" },
  },
  details:
    "Ctrl-C finishes the step under way, saves and exits with code 130; a second one exits at once.\n" +
    "A run that was stopped in any way goes on with --resume and ends as if it never had been: with\n" +
    "the threads and kernels it began with, also where others would be faster, or else not at all.\n" +
    howToDoWithoutNative("train"),
  async run(args, context) {
    const file = await readConfig(args.positionals[0], args, context);
    const { config } = file;
    const path = args.text("output") ?? fromHome(join(config.output, config.name));
    await checkFolder(path);
    const existing = existingRun(args);
    using interruption = stopAfterStep(context);
    const status = await trainConfig(
      {
        file,
        path,
        existing,
        otherBits: args.flag("other-bits"),
        howToGoOn: howToGoOn(args, context),
      },
      interruption,
      context,
    );
    return status === "interrupted" ? EXIT.interrupted : EXIT.success;
  },
};
