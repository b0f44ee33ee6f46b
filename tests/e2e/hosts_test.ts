/** Trainings on two hosts, which are network namespaces of this machine. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { HAS_HOSTS, Hosts } from "../support/hosts.ts";
import { disturbed, LAUNCHERS, MPI_ENVIRONMENT, rankCommand } from "../support/mpi.ts";
import { finished, overfold, withTinyConfig } from "./cli.ts";
import { resultsOf, SHARDED } from "./kills.ts";

const hasMpi = LAUNCHERS.some(({ name }) => name === "Open MPI");

/** The options of docs/machines.md that make mpirun notice a lost machine within seconds. */
const KEEPALIVE = [
  ...["--mca", "oob_tcp_keepalive_time", "5"],
  ...["--mca", "oob_tcp_keepalive_intvl", "2"],
  ...["--mca", "oob_tcp_keepalive_probes", "3"],
];

/** Starts `overfold ARGS…` on all hosts with mpirun on the first. */
function startOn(hosts: Hosts, folder: string, args: readonly string[]): Deno.ChildProcess {
  const mpirun = ["mpirun.openmpi", ...hosts.mpirunOptions, ...KEEPALIVE];
  const [program, ...rest] = hosts.on("h1", [...mpirun, ...rankCommand(folder, args)]);
  return new Deno.Command(program, {
    args: rest,
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { ...MPI_ENVIRONMENT, OVERFOLD_CACHE: join(folder, "cache") },
  }).spawn();
}

Deno.test({
  name: "two hosts write the same files as one process",
  ignore: !hasMpi || !HAS_HOSTS,
  fn: () =>
    withTinyConfig(async (folder) => {
      const alone = await overfold(folder, "train", "tiny.yaml", "--output", "alone");
      assertEquals(alone.code, 0, alone.error);
      await using hosts = await Hosts.make(2, folder);
      const process = startOn(hosts, folder, ["train:mpi", "tiny.yaml", "--output", "joint"]);
      const { code, out, error } = await finished(process);
      assertEquals(code, 0, error);
      assertEquals(/rank 0 on h1; rank 1 on h2/.test(out), true, out);
      assertEquals(await resultsOf(join(folder, "joint")), await resultsOf(join(folder, "alone")));
    }, SHARDED),
});

Deno.test({
  name: "a pulled cable ends all ranks on both hosts within 15 s",
  ignore: !hasMpi || !HAS_HOSTS,
  fn: () =>
    withTinyConfig(async (folder) => {
      await using hosts = await Hosts.make(2, folder);
      const options = ["--set", "training.epochs=100000", "--set", "training.logEvery=1"];
      const process = startOn(hosts, folder, [
        ...["train:mpi", "tiny.yaml", "--output", "cut", "--json", ...options],
      ]);
      const { code, seconds } = await disturbed(process, 20, () => hosts.cut("h2"));
      assertEquals(code !== 0 && seconds < 15, true, `exit code ${code} after ${seconds} s`);
      const left = await Promise.all(hosts.names.map((host) => hosts.processesOn(host)));
      assertEquals(left.flat(), []);
    }, SHARDED),
});
