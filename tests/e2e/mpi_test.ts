/** Trainings started by MPI launchers on this machine. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { exists } from "../../files/exists.ts";
import {
  disturbed,
  endOf,
  LAUNCHERS,
  pidOf,
  startRanks,
  type TestLauncher,
} from "../support/mpi.ts";
import { finished, overfold, withTinyConfig, withTrainedRun } from "./cli.ts";
import { JOINT, resultsOf, SHARDED } from "./kills.ts";

const train = (
  output: string,
  ...options: string[]
) => ["train:mpi", "tiny.yaml", "--output", output, ...options];

/** The run of one process. */
const ALONE = join("runs", "tiny");

/** Trains on ranks, which must succeed. */
async function trainOn(launcher: TestLauncher, count: number, folder: string, args: string[]) {
  const { code, error } = await finished(startRanks(launcher, count, folder, args));
  assertEquals(code, 0, error);
}

for (const launcher of LAUNCHERS) {
  const { name } = launcher;
  // MPICH's ranks spin while they wait, so more of them than cores are slow.
  const many = name === "MPICH" ? 2 : 4;

  Deno.test(`${name}: ranks write the same files as one process`, () =>
    withTrainedRun(async (folder) => {
      for (const count of [1, many]) {
        await trainOn(launcher, count, folder, train(`on-${count}`));
        assertEquals(
          await resultsOf(join(folder, `on-${count}`)),
          await resultsOf(join(folder, ALONE)),
        );
      }
    }, SHARDED));

  Deno.test(`${name}: an unknown option is reported once`, () =>
    withTinyConfig(async (folder) => {
      const process = startRanks(launcher, 3, folder, [...train("none"), "--timout", "5"]);
      const { code, error } = await finished(process);
      assertEquals([code, error.split("unknown option --timout").length], [2, 2], error);
    }, JOINT));

  Deno.test(`${name}: killing a rank ends all within 15 s, and one process resumes to the same bits`, () =>
    withTrainedRun(async (folder) => {
      const process = startRanks(launcher, 2, folder, train("killed", "--json"));
      let killed = 0;
      const { code } = await disturbed(process, 20, async () => {
        killed = performance.now();
        Deno.kill(await pidOf(folder, 1), "SIGKILL");
      });
      // Open MPI's mpirun does not wait for the processes that it kills.
      await endOf(await pidOf(folder, 0));
      const seconds = (performance.now() - killed) / 1000;
      assertEquals(code !== 0 && seconds < 15, true, `exit code ${code} after ${seconds} s`);
      const resumed = await overfold(
        folder,
        ...["train", "tiny.yaml"],
        "--output",
        "killed",
        "--resume",
      );
      assertEquals(resumed.code, 0, resumed.error);
      assertEquals(await resultsOf(join(folder, "killed")), await resultsOf(join(folder, ALONE)));
    }, JOINT));

  Deno.test(`${name}: a signal to one rank stops all, and fewer ranks resume to the same bits`, () =>
    withTrainedRun(async (folder) => {
      const process = startRanks(launcher, many, folder, train("stopped", "--json"));
      const { code, error } = await disturbed(
        process,
        20,
        async () => Deno.kill(await pidOf(folder, many - 1), "SIGUSR2"),
      );
      assertEquals(code, 130, error);
      await trainOn(launcher, many / 2, folder, train("stopped", "--resume"));
      assertEquals(
        await resultsOf(join(folder, "stopped")),
        await resultsOf(join(folder, ALONE)),
      );
    }, JOINT));

  Deno.test(`${name}: an invalid config is reported once, with exit code 2`, () =>
    withTinyConfig(async (folder) => {
      const args = train("wrong", "--set", "training.epochs=0");
      const { code, error } = await finished(startRanks(launcher, 2, folder, args));
      assertEquals(code, 2, error);
      assertEquals(error.split("training.epochs").length, 2, error);
      assertEquals(await exists(join(folder, "wrong")), false);
    }, JOINT));

  Deno.test(`${name}: the watchdog of the other ranks ends a run with a stuck rank`, () =>
    withTinyConfig(async (folder) => {
      const args = train("stuck", "--json", "--timeout", "4", "--set", "training.epochs=100000");
      const { code, error } = await disturbed(
        startRanks(launcher, 2, folder, args),
        20,
        async () => Deno.kill(await pidOf(folder, 1), "SIGSTOP"),
      );
      assertEquals(code, 1, error);
      assertMatch(error, /error: rank 0 \(\S+\): exchange \d+ .* has not ended in 4 s/);
    }, JOINT));
}

const [openMpi, mpich] = ["Open MPI", "MPICH"].map((name) =>
  LAUNCHERS.find((launcher) => launcher.name === name)
);

for (const [launcher, other] of [[openMpi, mpich], [mpich, openMpi]]) {
  Deno.test({
    name: `${launcher?.name}'s launcher with ${other?.name}'s library is refused`,
    ignore: !launcher || !other,
    fn: () =>
      withTinyConfig(async (folder) => {
        const env = { OVERFOLD_MPI: other!.library };
        const process = startRanks(launcher!, 2, folder, train("mixed"), env);
        const { code, error } = await finished(process);
        assertEquals(code !== 0, true);
        assertStringIncludes(error, `started 2 processes, but ${other!.name}`);
        assertEquals(await exists(join(folder, "mixed")), false);
      }, JOINT),
  });
}

Deno.test("train:mpi without a launcher points to mpirun", () =>
  withTinyConfig(async (folder) => {
    const alone = await overfold(folder, ...train("alone"));
    assertEquals(alone.code, 2);
    assertStringIncludes(alone.error, "mpirun");
  }, JOINT));
