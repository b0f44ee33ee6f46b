/**
 * Trains with examples/cluster/train.sbatch on a Slurm cluster of two nodes, which are network namespaces
 * of this machine; signals the job to stop, and waits until it is requeued and has ended. The run's files
 * must be those of one process, to the bit.
 *
 *     deno run --allow-all tests/e2e/slurm.ts
 *
 * Needs root and Debian's packages openmpi-bin, slurm-wlm, munge, libpmix2 and iproute2.
 */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { exists } from "../../files/exists.ts";
import { Hosts } from "../support/hosts.ts";
import { MPI_ENVIRONMENT } from "../support/mpi.ts";
import { Slurm } from "../support/slurm.ts";
import { overfold, withTinyConfig } from "./cli.ts";
import { resultsOf, SHARDED } from "./kills.ts";

const SBATCH = fromFileUrl(new URL("../../examples/cluster/train.sbatch", import.meta.url));
const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Long enough to be stopped in the middle. */
const LONG = SHARDED.replace("epochs: 2", "epochs: 60");

async function until(what: string, isDone: () => Promise<boolean>): Promise<void> {
  console.log(`waiting until ${what}`);
  while (!await isDone()) await new Promise((resolve) => setTimeout(resolve, 200));
}

await withTinyConfig(async (folder) => {
  const alone = await overfold(folder, "train", "tiny.yaml", "--output", "alone");
  assertEquals(alone.code, 0, alone.error);
  await using hosts = await Hosts.make(2, folder);
  await using slurm = await Slurm.start(hosts, folder);
  const env = { ...MPI_ENVIRONMENT, OVERFOLD_CACHE: join(folder, "cache") };
  const job = await slurm.run(
    "sbatch",
    ...["--parsable", "--nodes=2", "--cpus-per-task=1", `--chdir=${ROOT}`],
    `--output=${join(folder, "job.log")}`,
    `--export=ALL,${Object.entries(env).map(([name, value]) => `${name}=${value}`).join(",")}`,
    ...[SBATCH, join(folder, "tiny.yaml"), "--output", join(folder, "joint")],
  );
  const log = async () => await Deno.readTextFile(join(folder, "job.log")).catch(() => "");
  try {
    await until(
      "it has saved",
      () => exists(join(folder, "joint/checkpoints/previous.safetensors")),
    );
    await slurm.run("scancel", "--signal=USR2", job);
    await until("it has stopped", async () => (await log()).includes("stopping after this step"));
    await until(
      "it is queued again, for which Slurm takes two minutes",
      async () => /Restarts=1/.test(await slurm.run("scontrol", "show", "job", job)),
    );
    await until(
      "it has ended",
      async () =>
        /JobState=(COMPLETED|FAILED)/.test(await slurm.run("scontrol", "show", "job", job)),
    );
  } finally {
    console.log(await log());
  }
  assertEquals(await resultsOf(join(folder, "joint")), await resultsOf(join(folder, "alone")));
  console.log("the files are those of one process, to the bit");
}, LONG);
