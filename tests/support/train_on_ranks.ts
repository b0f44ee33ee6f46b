/**
 * `overfold train` on several ranks in this process. Takes a line of JSON with the arguments of
 * each rank. Prints a line with the exit code that the launcher would see, and each rank's output.
 */
import { type Context, parseArguments } from "../../cli/command.ts";
import { runOnRank } from "../../cli/rank_group.ts";
import { command, trainAs } from "../../cli/train.ts";
import { reportError } from "../../cli/report_error.ts";
import { Progress } from "../../reporting/progress.ts";
import { Aborted, memoryRanks } from "./memory_ranks.ts";

const all: string[][] = JSON.parse(Deno.args[0]);
const hosts = all.map((_, rank) => `node-${rank >> 1}`);

const results = await Promise.all(
  memoryRanks(all.length).map(async (ranks) => {
    const said = { out: "", error: "" };
    const context: Context = {
      call: "overfold train",
      json: false,
      print: (line) => void (said.out += `${line}\n`),
      emit: () => {},
      progress: new Progress({
        write: (text) => void (said.error += text),
        isTerminal: false,
        columns: () => 80,
        now: () => 0,
      }),
      loadCommands: () => Promise.resolve(),
    };
    const args = parseArguments("train", command, all[ranks.rank]);
    const group = { ranks, hosts };
    try {
      const code = await runOnRank(group, context, (context) => trainAs(group, args, context));
      return { code, ...said };
    } catch (error) {
      const code = error instanceof Aborted ? error.code : reportError(error, context.progress);
      return { code, ...said };
    }
  }),
);
console.log(JSON.stringify(results));
