import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { leavesOf, namesOf } from "../../../cli/report/run.ts";
import type { Config } from "../../../config/schema.ts";
import { isUnderWay, lockOf } from "../../../training/run_files.ts";

Deno.test("a config's keys are told one by one, lists as a whole", () => {
  const config = {
    seed: 0,
    data: { dataset: { name: "mnist" }, augmentation: [{ name: "random_crop", padding: 4 }] },
    training: { objective: "classification", clip: undefined, empty: {} },
  };
  assertEquals(leavesOf(config as unknown as Config), {
    seed: "0",
    "data.dataset.name": "mnist",
    "data.augmentation": '[{"name":"random_crop","padding":4}]',
    "training.objective": "classification",
    "training.empty": "{}",
  });
});

Deno.test("runs are named by their folders, those of one name by their paths", () => {
  assertEquals(namesOf(["runs/a/", "/elsewhere/b"]), ["a", "b"]);
  assertEquals(namesOf(["x/a", "y/a", "y/b"]), [join("x", "a"), join("y", "a"), "b"]);
});

Deno.test("a run is under way while a process holds its lock", async () => {
  const run = await Deno.makeTempDir();
  try {
    assertEquals(await isUnderWay(run), false);
    const lock = await Deno.open(lockOf(run), { write: true, create: true });
    assertEquals(await isUnderWay(run), false);
    await lock.lock(true);
    assertEquals(await isUnderWay(run), true);
    lock.close();
    assertEquals(await isUnderWay(run), false);
  } finally {
    await Deno.remove(run, { recursive: true });
  }
});
