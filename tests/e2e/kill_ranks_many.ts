/**
 * Kills random ranks of trainings at random steps, by all launchers that are here, and goes on with
 * random numbers of ranks. All processes must end within 15 s each time, and the files must be those of
 * one process, to the bit.
 *
 *     deno run --allow-all tests/e2e/kill_ranks_many.ts [COUNT]
 */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { disturbed, endOf, LAUNCHERS, pidOf, startRanks } from "../support/mpi.ts";
import { overfold, TINY, withTinyConfig } from "./cli.ts";
import { resultsOf } from "./kills.ts";

const count = Number(Deno.args[0] ?? 20);
const EPOCHS = 8 * count, STEPS = 12;
const CONFIG = `${
  TINY.replace("batchSize: 8\n", "batchSize: 8\n  shards: 4\n")
    .replace("epochs: 2", `epochs: ${EPOCHS}`).replace("logEvery: 4", "logEvery: 1")
}checkpoints: { everySteps: 5 }
`;

const oneOf = <T>(choices: readonly T[]) => choices[Math.floor(Math.random() * choices.length)];

await withTinyConfig(async (folder) => {
  const alone = await overfold(folder, "train", "tiny.yaml", "--output", "alone");
  assertEquals(alone.code, 0, alone.error);
  const args = ["train:mpi", "tiny.yaml", "--output", "killed", "--resume", "--json"];
  let slowest = 0;
  for (let i = 0; i < count; i++) {
    const launcher = oneOf(LAUNCHERS), size = oneOf([2, 4]);
    const rank = Math.floor(Math.random() * size);
    // Each gets a little further than the one before.
    const step = STEPS * 6 * i + 1 + Math.floor(Math.random() * STEPS * 4);
    let killed = 0;
    const process = startRanks(launcher, size, folder, args);
    const { code, error } = await disturbed(process, step, async () => {
      killed = performance.now();
      Deno.kill(await pidOf(folder, rank), "SIGKILL");
    });
    for (let other = 0; other < size; other++) await endOf(await pidOf(folder, other));
    const seconds = (performance.now() - killed) / 1000;
    slowest = Math.max(slowest, seconds);
    console.log(
      `${i + 1}: ${launcher.name}, rank ${rank} of ${size} killed at step ${step}, ` +
        `all ended ${seconds.toFixed(1)} s later with ${code}`,
    );
    assertEquals(code !== 0 && seconds < 15, true, error);
  }
  const last = await overfold(folder, "train", "tiny.yaml", "--output", "killed", "--resume");
  assertEquals(last.code, 0, last.error);
  assertEquals(await resultsOf(join(folder, "killed")), await resultsOf(join(folder, "alone")));
  console.log(`${count} kills, the slowest end after ${slowest.toFixed(1)} s; bits of one process`);
}, CONFIG);
