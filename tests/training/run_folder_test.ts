import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { InputError, RunError } from "../../errors.ts";
import { RunFolder } from "../../training/run_folder.ts";
import { temporaryPath } from "../../files/temporary.ts";
import { withRun } from "../support/logged_run.ts";
import {
  AT_STEP_3,
  filesOf,
  openedRun,
  openRun,
  runOfThree,
  TENSORS,
} from "../support/run_folder.ts";

Deno.test("a folder with a run is left alone, and the error names --resume and --force", () =>
  withRun(async (path) => {
    await Deno.mkdir(path);
    (await openRun(path)).close();
    const error = await assertRejects(() => openRun(path), InputError, path);
    for (const option of ["--resume", "--force"]) {
      assertEquals(error.message.includes(option), true);
    }
  }));

Deno.test("--resume starts a new run if none has begun", () =>
  withRun(async (path) => {
    const folder = await openRun(path, "resume");
    assertEquals(folder.found, undefined);
    folder.close();
    const again = await openRun(path, "resume");
    assertEquals(again.found, undefined);
    await again.log({ step: 1 });
    again.close();
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), '{"step":1}\n');
  }));

Deno.test("partly written files of a killed process are removed", () =>
  withRun(async (path) => {
    (await openRun(path)).close();
    const checkpoints = join(path, "checkpoints");
    await Deno.writeTextFile(temporaryPath(join(checkpoints, "last.safetensors")), "half");
    await Deno.writeTextFile(join(checkpoints, ".mine.tmp"), "mine");
    (await openRun(path, "resume")).close();
    assertEquals([...Deno.readDirSync(checkpoints)].map(({ name }) => name), [".mine.tmp"]);
  }));

Deno.test("--force deletes what the run left and nothing else", () =>
  withRun(async (path) => {
    const folder = await openRun(path);
    await folder.save("last", TENSORS, AT_STEP_3);
    await folder.log({ step: 3 });
    folder.close();
    for (const mine of ["notes.txt", "checkpoints/notes.txt"]) {
      await Deno.writeTextFile(join(path, mine), "mine");
    }
    const forced = await openRun(path, "replace");
    forced.close();
    assertEquals(forced.found, undefined);
    assertEquals([...Deno.readDirSync(path)].map(({ name }) => name).sort(), [
      ".lock",
      "checkpoints",
      "config.yaml",
      "metrics.jsonl",
      "notes.txt",
      "timing.jsonl",
    ]);
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), "");
    const kept = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name);
    assertEquals(kept, ["notes.txt"]);
  }));

Deno.test("a run in progress is left alone", () =>
  withRun(async (path) => {
    const folder = await openRun(path);
    for (const existing of ["resume", "replace"] as const) {
      await assertRejects(() => openRun(path, existing), InputError, "under way");
    }
    folder.close();
    (await openRun(path, "replace")).close();
  }));

Deno.test("a run that appears between opening and starting is left alone", () =>
  withRun(async (path) => {
    for (const existing of ["refuse", "resume"] as const) {
      const late = await openedRun(path, existing, "seed: 1\n");
      const folder = await openRun(path);
      await folder.log({ step: 1 });
      folder.close();
      await assertRejects(() => late.start(), InputError, "already contains a run");
      late.close();
      assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), '{"step":1}\n');
      await Deno.remove(path, { recursive: true });
    }
  }));

Deno.test("a user's own config is never overwritten", () =>
  withRun(async (path) => {
    await Deno.mkdir(path);
    const config = join(path, "config.yaml");
    await Deno.writeTextFile(config, "# mine\nseed: 1\n");
    const isLeft = async () => {
      for (const existing of ["refuse", "resume", "resume best", "replace"] as const) {
        await assertRejects(() => openRun(path, existing), InputError, "would be overwritten");
      }
      assertEquals(await Deno.readTextFile(config), "# mine\nseed: 1\n");
    };
    await isLeft();
    await Deno.remove(config);
    await runOfThree(path);
    await Deno.writeTextFile(config, "# mine\nseed: 1\n");
    const before = await filesOf(path);
    await isLeft();
    assertEquals(await filesOf(path), before);
    await Deno.rename(config, join(path, "mine.yaml"));
    (await openRun(path, "resume")).close();
  }));

Deno.test("a run refuses links in place of its folders and changes no hard-linked copy of its log", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const other = join(path, "other");
    for (const folder of ["checkpoints", "folded"]) {
      const place = join(path, folder);
      await Deno.mkdir(place, { recursive: true });
      await Deno.rename(place, other);
      await Deno.symlink(other, place);
      for (const existing of ["resume", "replace"] as const) {
        await assertRejects(() => RunFolder.open(path, existing), InputError, `${place} is a link`);
      }
      await Deno.remove(place);
      await Deno.rename(other, place);
    }
    const log = join(path, "metrics.jsonl");
    const lines = await Deno.readTextFile(log) + '{"step":6}\n';
    await Deno.writeTextFile(log, lines);
    await Deno.link(log, other);
    const folder = await openRun(path, "resume");
    await folder.log({ step: 7 });
    folder.close();
    assertEquals(await Deno.readTextFile(other), lines);
    assertEquals(await Deno.readTextFile(log), lines.replace("6", "7"));
  }));

Deno.test("--force deletes nothing in a folder without a run", () =>
  withRun(async (path) => {
    for (const file of ["metrics.jsonl", "folded/model.safetensors"]) {
      await Deno.mkdir(join(path, "folded"), { recursive: true });
      await Deno.writeTextFile(join(path, file), "mine");
      await assertRejects(() => openRun(path, "replace"), InputError, "would be overwritten");
      assertEquals(await Deno.readTextFile(join(path, file)), "mine");
      await Deno.remove(path, { recursive: true });
    }
  }));

Deno.test("nothing is written or deleted before the run starts", () =>
  withRun(async (path) => {
    (await openedRun(path, "refuse")).close();
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    const folder = await openRun(path);
    await folder.save("last", TENSORS, AT_STEP_3);
    folder.close();
    for (const existing of ["resume", "replace"] as const) {
      (await openedRun(path, existing, "seed: 1\n")).close();
      assertStringIncludes(await Deno.readTextFile(join(path, "config.yaml")), "seed: 0\n");
      assertEquals((await readCheckpoint(folder.lastPath)).state, AT_STEP_3);
    }
  }));

Deno.test("the error for a failed checkpoint says that the run can continue", () =>
  withRun(async (path) => {
    const folder = await openRun(path);
    await Deno.remove(join(path, "checkpoints"));
    await Deno.writeTextFile(join(path, "checkpoints"), "a file");
    const error = await assertRejects(() => folder.save("last", TENSORS, AT_STEP_3), RunError);
    assertStringIncludes(error.message, "fix that, and the run can continue");
    folder.close();
  }));

Deno.test("a folder in the place of a run's file is reported as an input error", () =>
  withRun(async (path) => {
    (await openRun(path)).close();
    await Deno.remove(join(path, "metrics.jsonl"));
    await Deno.mkdir(join(path, "metrics.jsonl"));
    await assertRejects(() => openRun(path, "replace"), InputError, "is a folder");
    await Deno.remove(join(path, "metrics.jsonl"));
    await Deno.mkdir(join(path, "checkpoints", "last.safetensors"));
    await assertRejects(
      () => openRun(path, "resume"),
      InputError,
      "is a folder, and a run replaces",
    );
    await Deno.remove(path, { recursive: true });
    await Deno.mkdir(join(path, "config.yaml"), { recursive: true });
    await assertRejects(() => openRun(path), InputError, "config.yaml is a folder");
  }));

Deno.test("a run refuses to replace links, before it starts", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const elsewhere = join(path, "mine");
    for (
      const file of ["checkpoints/best.safetensors", "metrics.jsonl", "config.yaml", ".lock"]
    ) {
      await Deno.rename(join(path, file), elsewhere);
      await Deno.symlink(elsewhere, join(path, file));
      for (const existing of ["resume", "replace"] as const) {
        await assertRejects(() => RunFolder.open(path, existing), InputError, "is no plain file");
      }
      await Deno.rename(elsewhere, join(path, file));
    }
    (await openRun(path, "resume")).close();
  }));

Deno.test("a file in the place of the run folder is reported as an input error", () =>
  withRun(async (path) => {
    await Deno.writeTextFile(path, "a file");
    await assertRejects(() => RunFolder.open(path, "refuse"), InputError, "cannot be written");
  }));
