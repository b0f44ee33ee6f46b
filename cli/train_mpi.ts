/** `overfold train:mpi`: `train` as one of the ranks started by MPI. */

import { DEFAULT_TIMEOUT, joinMpi } from "../ranks/mpi.ts";
import type { Command } from "./command.ts";
import { runOnRank } from "./rank_group.ts";
import { command as train, trainAs } from "./train.ts";

export const command: Command = {
  ...train,
  options: {
    ...train.options,
    timeout: {
      value: "SECONDS",
      help: `How long ranks wait for each other before all stop; by default ${DEFAULT_TIMEOUT}`,
    },
  },
  details: "An MPI launcher starts it on each machine, for example\n" +
    "  mpirun --host a,b,c,d --bind-to none deno task train:mpi CONFIG --resume\n" +
    "  srun --mpi=pmix --kill-on-bad-exit=1 deno task train:mpi CONFIG --resume\n" +
    "Each rank needs Overfold, the config and the images; only the first rank has the run's folder.\n" +
    "SIGTERM, SIGINT or SIGUSR2 at any rank finishes the current step, saves and exits with code 130.\n" +
    "--resume continues with the same bits, also on another number of machines that divides\n" +
    "data.shards. The environment variable OVERFOLD_MPI names the MPI library, if not the system's.\n" +
    "docs/machines.md explains how to choose the shards and what to do if something hangs.",
  async run(args, context) {
    const { warning, ...group } = await joinMpi(args.integer("timeout") ?? DEFAULT_TIMEOUT);
    // A launcher that sees one rank exit with a code other than 0 signals the others, which are about to
    // exit with the same code: the signal must not replace it.
    for (const signal of ["SIGTERM", "SIGINT", "SIGUSR2"] as const) {
      Deno.addSignalListener(signal, () => {});
    }
    return await runOnRank(group, context, async (context) => {
      if (warning !== undefined) context.progress.print(`warning: ${warning}`);
      return await trainAs(group, args, context);
    });
  },
};
