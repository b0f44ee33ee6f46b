/** `overfold train:mpi`: `train` as one of the ranks that MPI connects. */

import { DEFAULT_TIMEOUT, joinMpi } from "../ranks/mpi.ts";
import type { Command } from "./command.ts";
import { asMember } from "./member.ts";
import { command as train, trainAs } from "./train.ts";

/** `train:mpi CONFIG`. */
export const command: Command = {
  ...train,
  options: {
    ...train.options,
    timeout: {
      value: "SECONDS",
      help: `How long ranks wait for each other before all end; by default ${DEFAULT_TIMEOUT}`,
    },
  },
  details: "A launcher of MPI starts it on each machine, such as\n" +
    "  mpirun --host a,b,c,d --bind-to none deno task train:mpi CONFIG --resume\n" +
    "  srun --mpi=pmix --kill-on-bad-exit=1 deno task train:mpi CONFIG --resume\n" +
    "Each rank needs Overfold, the config and the images; only the first one has the run's folder.\n" +
    "SIGTERM, SIGINT or SIGUSR2 at any rank finishes the step under way, saves and exits with code 130;\n" +
    "with --resume it goes on, also on another number of machines that divides data.shards, to the\n" +
    "same bits. The environment's OVERFOLD_MPI names MPI's library, if it is not the system's.\n" +
    "docs/machines.md explains how to choose the shards and what to do when something hangs.",
  async run(args, context) {
    const { warning, ...member } = await joinMpi(args.integer("timeout") ?? DEFAULT_TIMEOUT);
    // A launcher that sees one rank leave with another code than 0 tells the others to end, while they
    // are about to leave with the same: that must not become the code of a signal.
    for (const signal of ["SIGTERM", "SIGINT", "SIGUSR2"] as const) {
      Deno.addSignalListener(signal, () => {});
    }
    return await asMember(member, context, async (context) => {
      if (warning !== undefined) context.progress.print(`warning: ${warning}`);
      return await trainAs(member, args, context);
    });
  },
};
