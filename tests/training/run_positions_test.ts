/** Where a run in a folder resumes: from its last, its previous or its best checkpoint. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { InputError } from "../../errors.ts";
import { RunFolder } from "../../training/run_folder.ts";
import { withRun } from "../support/logged_run.ts";
import { AT_STEP_3, filesOf, openRun, runOfThree, TENSORS } from "../support/run_folder.ts";

Deno.test("a run that has lost its last checkpoints does not start over unasked", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const checkpoints = join(path, "checkpoints");
    for (const name of ["last", "previous"]) {
      await Deno.remove(join(checkpoints, `${name}.safetensors`));
    }
    const before = await filesOf(path);
    const error = await assertRejects(() => openRun(path, "resume"), InputError);
    assertStringIncludes(error.message, "last.safetensors: no such file");
    assertStringIncludes(error.message, "best.safetensors with --resume --best");
    assertEquals(await filesOf(path), before);

    await Deno.remove(join(checkpoints, "best.safetensors"));
    for (const existing of ["resume", "resume best"] as const) {
      const { message } = await assertRejects(() => openRun(path, existing), InputError);
      assertStringIncludes(message, "Start over with --force");
    }
    (await openRun(path, "replace")).close();
  }));

Deno.test("a run resumes from its best checkpoint on request, and cuts the log back to it", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const folder = await openRun(path, "resume best");
    folder.close();
    assertEquals(folder.found?.checkpoint.state.step, 3);
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), '{"step":3}\n');
    // Later checkpoints are gone: the log has lost their lines.
    const resumed = await openRun(path, "resume");
    resumed.close();
    assertEquals(resumed.found?.checkpoint.state.step, 3);
    await Deno.writeFile(resumed.lastPath, new Uint8Array(9));
    await assertRejects(() => openRun(path, "resume"), InputError, "no checkpoint to resume from");
  }));

Deno.test("the error for a damaged or missing best checkpoint names another to resume from", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const file = (name: string) => join(path, "checkpoints", `${name}.safetensors`);
    const message = async () =>
      (await assertRejects(() => openRun(path, "resume best"), InputError)).message;
    await Deno.truncate(file("best"), 9);
    const damaged = await message();
    assertStringIncludes(damaged, `no best checkpoint to resume from: ${file("best")}: `);
    assertStringIncludes(damaged, `Move it away and continue from ${file("last")} with --resume`);
    await Deno.remove(file("best"));
    assertStringIncludes(
      await message(),
      `best.safetensors: no such file. Continue from ${
        file("last")
      } with --resume alone, or start over`,
    );
    await Deno.remove(file("last"));
    assertStringIncludes(await message(), `Continue from ${file("previous")} with --resume alone`);
    await Deno.truncate(file("previous"), 9);
    assertStringIncludes(await message(), "no such file. Start over with --force");
  }));

Deno.test("resuming from the best checkpoint twice leaves no temporary name", () =>
  withRun(async (path) => {
    await runOfThree(path);
    for (let time = 0; time < 2; time++) (await openRun(path, "resume best")).close();
    const left = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name).sort();
    assertEquals(left, ["best.safetensors", "last.safetensors"]);
  }));

Deno.test("a run resumes from the previous checkpoint if the last is damaged or missing, with a notice", () =>
  withRun(async (path) => {
    await runOfThree(path);
    const last = join(path, "checkpoints", "last.safetensors");
    const bytes = await Deno.readFile(last);
    const flipped = bytes.slice();
    flipped[bytes.length >> 1] ^= 1;
    for (const damage of [flipped, bytes.subarray(1), bytes.subarray(0, -1), undefined]) {
      if (damage) await Deno.writeFile(last, damage);
      else await Deno.remove(last);
      const folder = await RunFolder.open(path, "resume");
      assertEquals(folder.found?.checkpoint.state.step, 4);
      assertStringIncludes(`${folder.found?.notices}`, "continues from the previous checkpoint");
      folder.close();
    }
    const folder = await openRun(path, "resume");
    await folder.log({ step: 5 });
    await folder.save("last", TENSORS, { ...AT_STEP_3, step: 5 });
    folder.close();
    assertEquals(await Deno.readFile(last), bytes);
    const left = [...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name).sort();
    assertEquals(left, ["best", "last", "previous"].map((name) => `${name}.safetensors`));
    assertEquals(
      (await readCheckpoint(join(path, "checkpoints", "previous.safetensors"))).state.step,
      4,
    );
    assertEquals(
      await Deno.readTextFile(join(path, "metrics.jsonl")),
      '{"step":3}\n{"step":4}\n{"step":5}\n',
    );
  }));

Deno.test("a log that has lost lines since the checkpoint gives a notice", () =>
  withRun(async (path) => {
    await runOfThree(path);
    await Deno.truncate(join(path, "metrics.jsonl"), 11);
    const folder = await RunFolder.open(path, "resume");
    folder.close();
    assertStringIncludes(`${folder.found?.notices}`, "has lost lines: it held 33 bytes or more");
  }));

Deno.test("a run does not resume from a checkpoint with NaN weights", () =>
  withRun(async (path) => {
    const folder = await openRun(path);
    const model = (value: number) =>
      new Map([["fc.weight", { shape: [1], data: Float32Array.of(value) }]]);
    for (const [step, value] of [[3, 1], [4, NaN]]) {
      await folder.save("last", { ...TENSORS, model: model(value) }, { ...AT_STEP_3, step });
    }
    folder.close();
    const resumed = await RunFolder.open(path, "resume");
    resumed.close();
    assertEquals(resumed.found?.checkpoint.state.step, 3);
    assertStringIncludes(`${resumed.found?.notices}`, "fc.weight holds NaN");
  }));

Deno.test("resuming cuts the metrics log back to the checkpoint and continues there", () =>
  withRun(async (path) => {
    const folder = await openRun(path);
    assertEquals(folder.lastCheckpoint(), undefined);
    await folder.log({ step: 3 });
    await folder.save("last", TENSORS, AT_STEP_3);
    assertEquals(folder.lastCheckpoint(), folder.lastPath);
    await folder.log({ step: 4 });
    folder.close();

    const resumed = await openRun(path, "resume");
    assertEquals(resumed.found?.checkpoint.state, AT_STEP_3);
    await resumed.log({ step: 5 });
    await resumed.save("best", TENSORS, AT_STEP_3);
    resumed.close();
    const log = '{"step":3}\n{"step":5}\n';
    assertEquals(await Deno.readTextFile(join(path, "metrics.jsonl")), log);
    assertEquals((await readCheckpoint(folder.bestPath)).metricsBytes, log.length);
  }));
