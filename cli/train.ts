/** `overfold train`: trains the network in a config and folds the best checkpoint. */

import { basename, dirname, join, resolve } from "@std/path";
import { EXIT } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import {
  type Arguments,
  callOf,
  type Command,
  type Context,
  howToDoWithoutNative,
  setOption,
} from "./command.ts";
import { startDashboard } from "./dashboard/background.ts";
import { stopAfterStep } from "./interruption.ts";
import { type RankGroup, SINGLE_RANK, together } from "./rank_group.ts";
import { checkFolder } from "./output.ts";
import { readConfig } from "./prepare.ts";
import { existingRun, resumeAdvice } from "./resume.ts";
import { trainConfig } from "./train_config.ts";

export const command: Command = {
  positionals: [{ name: "CONFIG", help: "A config file in YAML; `overfold init` writes one" }],
  options: {
    set: setOption("the config", "training.epochs=5"),
    output: { value: "DIR", help: "Folder of this run; by default output/name of the config" },
    resume: { help: "Resume the run in that folder; start it if there is none" },
    best: { help: "With --resume: resume from the best checkpoint instead of the last" },
    "other-bits": {
      help: "With --resume: compute as suits this machine; the last bits then differ",
    },
    force: { help: "Start over even if there is a run; its checkpoints are deleted" },
    dashboard: { help: "Serve a page that shows it live, as `dashboard` does, until it ends" },
  },
  details:
    "Ctrl-C finishes the current step, saves and exits with code 130; a second one exits at once.\n" +
    "However a run was stopped, --resume continues it as if it had never stopped: with the threads and\n" +
    "kernels it started with, even if others would be faster; if these are unavailable, it refuses.\n" +
    howToDoWithoutNative("train"),
  run: (args, context) => trainAs(SINGLE_RANK, args, context),
};

/**
 * `train` in a process that trains alone or, within {@link runOnRank}, together with others; only the
 * first of these has the run's folder.
 */
export async function trainAs(
  group: RankGroup,
  args: Arguments,
  context: Context,
): Promise<number> {
  const { ranks } = group;
  const { file, path, existing } = await together(group, async () => {
    const file = await readConfig(args.positionals[0], args, context);
    const { config } = file;
    const path = args.text("output") ?? fromHome(join(config.output, config.name));
    if (ranks.rank === 0) await checkFolder(path);
    return { file, path, existing: existingRun(args) };
  });
  using interruption = stopAfterStep(context, ranks);
  const servesPage = ranks.rank === 0 && args.flag("dashboard");
  using _dashboard = servesPage ? await servedDashboard(path, context) : undefined;
  const status = await trainConfig(
    {
      file,
      path,
      existing,
      otherBits: args.flag("other-bits"),
      resumeAdvice: resumeAdvice(args, context, group.ranks.size),
      group,
    },
    interruption,
    context,
  );
  return status === "interrupted" ? EXIT.interrupted : EXIT.success;
}

/** A dashboard of the folder that contains the run, which shows the run first. */
async function servedDashboard(path: string, { call, print, emit }: Context): Promise<Disposable> {
  const dashboard = await startDashboard({
    root: dirname(path),
    reportCall: callOf("report", call),
  });
  const url = `${dashboard.url}&run=${encodeURIComponent(basename(resolve(path)))}`;
  print(`dashboard: ${url}`);
  emit({ event: "dashboard", url });
  return dashboard;
}
