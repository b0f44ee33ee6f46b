import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint, writeCheckpoint } from "../../checkpoints/checkpoint.ts";
import { nativeLevels } from "../support/native.ts";
import { jsonLines, overfold, overfoldWith, startOverfold, TINY, withTinyConfig } from "./cli.ts";

/** Long enough to be interrupted. */
const LONG = TINY.replace("epochs: 2", "epochs: 2000");

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) {
  Deno.test({
    name: `${signal} finishes the step, saves, says how to resume and exits with 130`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      withTinyConfig(async (folder) => {
        const process = startOverfold(folder, "train", "tiny.yaml", "--json", "--output", "a run");
        const error = new Response(process.stderr).text();
        let signalled = false;
        let lastStep = 0;
        for await (const { event, step } of jsonLines(process)) {
          if (event === "step" && !signalled) {
            signalled = true;
            process.kill(signal);
            // A terminal that closes sends it more than once.
            if (signal === "SIGHUP") process.kill(signal);
          }
          lastStep = Number(step);
        }
        const { code } = await process.status;
        assertEquals(code, 130);
        const found = /stopped at step (\d+) .* and saved (.*)/.exec(await error);
        assertEquals(Number(found?.[1]) >= lastStep, true);
        assertEquals(found?.[2], join("a run", "checkpoints", "last.safetensors"));
        assertStringIncludes(
          await error,
          "to resume: overfold train tiny.yaml --output 'a run' --resume",
        );
        const resumed = startOverfold(
          folder,
          "train",
          "tiny.yaml",
          "--json",
          "--output",
          "a run",
          "--resume",
        );
        const { done: _, value: start } = await jsonLines(resumed).next();
        assertEquals([start?.event, start?.step], ["start", Number(found?.[1])]);
        resumed.kill("SIGKILL");
        await Promise.all([resumed.status, resumed.stderr.cancel()]);
      }, LONG),
  });
}

Deno.test("a training whose output is closed saves before it exits", () =>
  withTinyConfig(async (folder) => {
    const process = startOverfold(folder, "train", "tiny.yaml", "--json", "--output", "run");
    const error = new Response(process.stderr).text();
    for await (const { event } of jsonLines(process)) if (event === "step") break;
    assertEquals((await process.status).code, 1);
    const [, step] = /stopped at step (\d+) .* and saved/.exec(await error) ?? [];
    const { state } = await readCheckpoint(join(folder, "run", "checkpoints", "last.safetensors"));
    assertEquals(state.step, Number(step));
    assertEquals((await error).includes("error:"), false, "a closed pipe is not an error");
  }, LONG));

Deno.test("resuming a complete run trains no further", () =>
  withTinyConfig(async (folder) => {
    await overfold(folder, "train", "tiny.yaml");
    const last = join(folder, "runs", "tiny", "checkpoints", "last.safetensors");
    const before = await Deno.readFile(last);
    const { code, error, out } = await overfold(folder, "train", "tiny.yaml", "--resume");
    assertEquals(code, 0);
    assertStringIncludes(out, "nothing was left to train; validation accuracy ");
    assertEquals(out.includes("trained in"), false);
    assertStringIncludes(error, "the training was complete at step 24");
    assertEquals(await Deno.readFile(last), before);
  }));

const RUN = join("runs", "tiny", "checkpoints");

/** A training without folding; the value of the last `--set` must follow. */
const SHORT = ["train", "tiny.yaml", "--set", "fold=false", "--set"];

Deno.test("a run without its last checkpoints resumes only with --best, to the same bits", () =>
  withTinyConfig(async (folder) => {
    const train = [...SHORT, "training.monitor=loss"];
    await overfold(folder, ...train, "--output", "uninterrupted");
    await overfold(folder, ...train);
    const last = join(folder, RUN, "last.safetensors");
    const wanted = await Deno.readFile(last);
    const { state: { best } } = await readCheckpoint(last);
    assertEquals(best?.epoch, 1);
    await Deno.remove(last);
    await Deno.remove(join(folder, RUN, "previous.safetensors"));
    const kept = await Deno.readFile(join(folder, RUN, "best.safetensors"));
    const refused = await overfold(folder, ...train, "--resume");
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.error, `${join(RUN, "best.safetensors")} with --resume --best`);
    assertEquals(await Deno.readFile(join(folder, RUN, "best.safetensors")), kept);
    const resumed = await overfold(folder, ...train, "--resume", "--best");
    assertEquals(resumed.code, 0, resumed.error);
    assertStringIncludes(resumed.error, "resuming at step 12 (epoch 2 of 2)");
    assertEquals(await Deno.readFile(last), wanted);
    const log = (run: string) => Deno.readTextFile(join(folder, run, "metrics.jsonl"));
    assertEquals(await log(join("runs", "tiny")), await log("uninterrupted"));
  }));

Deno.test("--resume rejects a best checkpoint that is damaged or of another network", () =>
  withTinyConfig(async (folder) => {
    const train = [...SHORT, "training.epochs=1"];
    await overfold(folder, ...train);
    await overfold(
      folder,
      ...train,
      "--set",
      "model.layers.0.do_conv2d.outChannels=8",
      "--output",
      "other",
    );
    const best = join(folder, RUN, "best.safetensors");
    await Deno.copyFile(join(folder, "other", "checkpoints", "best.safetensors"), best);
    const other = await overfold(folder, ...train, "--resume");
    assertEquals(other.code, 2);
    assertStringIncludes(other.error, "best.safetensors belongs to another run; move it elsewhere");
    assertStringIncludes(other.error, "model.layers was ");
    await Deno.truncate(best, 1000);
    const damaged = await overfold(folder, ...train, "--resume");
    assertEquals(damaged.code, 2);
    assertStringIncludes(damaged.error, "move it elsewhere, and the run continues without it");
    await Deno.remove(best);
    const without = await overfold(folder, ...train, "--resume");
    assertEquals(without.code, 0);
    assertStringIncludes(without.error, "best.safetensors is missing");
  }));

Deno.test("a run resumes in another form of code to the same bits", () =>
  withTinyConfig(async (folder) => {
    const train = [...SHORT, "training.monitor=loss", "--set", "threads=2"];
    await overfoldWith(["--deny-ffi"], folder, ...train);
    const path = join(folder, RUN, "last.safetensors");
    const wanted = await readCheckpoint(path);
    // The best checkpoint is from the middle of the run.
    for (const file of ["last", "previous"]) {
      await Deno.remove(join(folder, RUN, `${file}.safetensors`));
    }
    const resumed = await overfold(folder, ...train, "--resume", "--best");
    assertEquals(resumed.code, 0, resumed.error);
    assertStringIncludes(resumed.error, "resuming at step 12");
    const found = await readCheckpoint(path);
    assertEquals(found.tensors, wanted.tensors);
    assertEquals(found.backend.numerics, wanted.backend.numerics);
    assertStringIncludes(wanted.backend.description, "WebAssembly SIMD, 128-bit vectors");
    if (nativeLevels().length === 0) return;
    assertStringIncludes(found.backend.description, "native AVX");
    assertStringIncludes(resumed.error, "with the same bits");
  }));

Deno.test("a run with other numerics resumes only with --other-bits", () =>
  withTinyConfig(async (folder) => {
    await overfold(folder, ...SHORT, "training.epochs=1");
    const last = join(folder, RUN, "last.safetensors");
    const checkpoint = await readCheckpoint(last);
    // The numerics of an earlier version.
    const numerics = { ...checkpoint.backend.numerics, wide: 2 };
    await writeCheckpoint(last, { ...checkpoint, backend: { ...checkpoint.backend, numerics } });
    const longer = [...SHORT, "training.epochs=2", "--resume"];
    const refused = await overfold(folder, ...longer);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.error, "it was an earlier version");
    assertStringIncludes(refused.error, "With --other-bits it continues");
    const other = await overfold(folder, ...longer, "--other-bits");
    assertEquals(other.code, 0, other.error);
    assertEquals((await readCheckpoint(last)).backend.numerics, checkpoint.backend.numerics);
  }));

Deno.test("a last checkpoint in place of the best one is rejected, with and without --best", () =>
  withTinyConfig(async (folder) => {
    await overfold(folder, ...SHORT, "training.epochs=2");
    const [last, best] = ["last", "best"].map((name) => join(folder, RUN, `${name}.safetensors`));
    const checkpoint = await readCheckpoint(last);
    const { best: validation = { loss: 0, count: 1 } } = checkpoint.state;
    const state = { ...checkpoint.state, best: { ...validation, epoch: 1 } };
    await writeCheckpoint(best, { ...checkpoint, state });
    for (const options of [[], ["--best"]]) {
      const { code, error } = await overfold(
        folder,
        ...SHORT,
        "training.epochs=2",
        "--resume",
        ...options,
      );
      assertEquals(code, 2);
      assertStringIncludes(
        error,
        "best.safetensors contains the weights after epoch 2 but says that",
      );
    }
  }));

Deno.test("--resume rejects a checkpoint with an impossible step", () =>
  withTinyConfig(async (folder) => {
    await overfold(folder, ...SHORT, "training.epochs=1");
    const last = join(folder, RUN, "last.safetensors");
    const checkpoint = await readCheckpoint(last);
    const state = { ...checkpoint.state, step: 2 ** 53 - 1 };
    await writeCheckpoint(last, { ...checkpoint, state });
    const before = await Deno.readFile(last);
    const resumed = await overfold(folder, ...SHORT, "training.epochs=2", "--resume");
    assertEquals(resumed.code, 2);
    assertStringIncludes(
      resumed.error,
      `${join(RUN, "last.safetensors")}: found step`,
    );
    assertEquals(await Deno.readFile(last), before);
  }));
