import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readCheckpoint } from "../../checkpoints/checkpoint.ts";
import { jsonLines, overfold, startOverfold, TINY, withTinyConfig } from "./cli.ts";

/** Long enough to be interrupted. */
const LONG = TINY.replace("epochs: 2", "epochs: 2000");

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test({
    name: `${signal} finishes the step, saves, says how to go on and exits with 130`,
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
            // A terminal that is closed says so more than once.
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
          "to go on: overfold train tiny.yaml --output 'a run' --resume",
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

Deno.test("a training whose output is closed saves before it ends", () =>
  withTinyConfig(async (folder) => {
    const process = startOverfold(folder, "train", "tiny.yaml", "--json", "--output", "run");
    const error = new Response(process.stderr).text();
    for await (const { event } of jsonLines(process)) if (event === "step") break;
    assertEquals((await process.status).code, 1);
    const [, step] = /stopped at step (\d+) .* and saved/.exec(await error) ?? [];
    const { state } = await readCheckpoint(join(folder, "run", "checkpoints", "last.safetensors"));
    assertEquals(state.step, Number(step));
    assertEquals((await error).includes("error:"), false, "whoever closed the pipe knows");
  }, LONG));

Deno.test("a complete run that is resumed trains no further", () =>
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
