import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { leavesOf, namesOf, runFolders } from "../../../cli/report/run.ts";
import type { Config } from "../../../config/schema.ts";
import { isUnderWay, lockOf, runFile } from "../../../training/run_files.ts";
import { withFolder } from "../../support/folder.ts";

Deno.test("a config is flattened to its keys, with lists as a whole", () => {
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

Deno.test("runs are named by their folders, or by paths if the names are equal", () => {
  assertEquals(namesOf(["runs/a/", "/elsewhere/b"]), ["a", "b"]);
  assertEquals(namesOf(["x/a", "y/a", "y/b"]), [join("x", "a"), join("y", "a"), "b"]);
});

Deno.test("a folder that is not a run stands for the runs in it", () =>
  withFolder(async (folder) => {
    assertEquals(await runFolders(folder), [folder]);
    const runs = ["a-seed-2", "a-seed-10"].map((name) => join(folder, name));
    for (const run of runs) {
      await Deno.mkdir(join(run, "checkpoints"), { recursive: true });
      await Deno.writeTextFile(runFile(run, "last"), "");
    }
    assertEquals(await runFolders(folder), runs);
    assertEquals(await runFolders(runs[0]), [runs[0]]);
    await Deno.writeTextFile(runFile(folder, "config"), "");
    assertEquals(await runFolders(folder), runs);
    await Deno.writeTextFile(runFile(folder, "metrics"), "");
    assertEquals(await runFolders(folder), [folder]);
  }));

Deno.test("a run is running while a process holds its lock", async () => {
  await withFolder(async (run) => {
    assertEquals(await isUnderWay(run), false);
    const lock = await Deno.open(lockOf(run), { write: true, create: true });
    assertEquals(await isUnderWay(run), false);
    await lock.lock(true);
    assertEquals(await isUnderWay(run), true);
    lock.close();
    assertEquals(await isUnderWay(run), false);
  });
});
