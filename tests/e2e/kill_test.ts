/**
 * Runs that are killed at any instant and resumed. `OVERFOLD_KILLS=10 deno task test tests/e2e` kills
 * at ten random moments instead of the few fixed ones.
 */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { jsonLines, overfold, startOverfold, TINY, withTinyConfig } from "./cli.ts";

const CONFIG = `${TINY.replace("epochs: 2", "epochs: 4").replace("logEvery: 4", "logEvery: 1")}
checkpoints: { everySteps: 5 }
`;
/** Metrics and checkpoints: all that must be the same whether or not the run was killed. */
const RESULTS = [
  "metrics.jsonl",
  "checkpoints/last.safetensors",
  "checkpoints/best.safetensors",
  "folded/model.safetensors",
];

async function results(run: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const file of RESULTS) files.set(file, await Deno.readFile(join(run, file)));
  return files;
}

/** Starts or resumes the run and kills it; when, is up to `moment`. */
async function runAndKill(
  folder: string,
  moment: (process: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const process = startOverfold(
    folder,
    "train",
    "tiny.yaml",
    "--output",
    "killed",
    "--resume",
    "--json",
  );
  const error = new Response(process.stderr).text();
  await moment(process);
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // It may have ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
  const { code } = await process.status;
  if (code !== 0 && code !== 137) throw new Error(await error);
  await error;
}

/** The moment at which an event of this kind with this step comes. */
function atEvent(kind: string, atStep: number) {
  return async (process: Deno.ChildProcess) => {
    for await (const { event, step } of jsonLines(process)) {
      if (event === kind && Number(step) >= atStep) return;
    }
  };
}

/** A random moment in a run of about `milliseconds`. */
function atRandom(milliseconds: number) {
  return async (process: Deno.ChildProcess) => {
    const drained = process.stdout.pipeTo(new WritableStream());
    await new Promise((resolve) => setTimeout(resolve, Math.random() * milliseconds));
    drained.catch(() => {});
  };
}

Deno.test("a run that is killed and resumed ends with the bits of an unbroken one", () =>
  withTinyConfig(async (folder) => {
    const start = performance.now();
    const { code, error } = await overfold(folder, "train", "tiny.yaml", "--output", "unbroken");
    assertEquals(code, 0, error);
    const duration = performance.now() - start;
    const kills = Number(Deno.env.get("OVERFOLD_KILLS") ?? 0);
    const moments = kills > 0
      ? Array.from({ length: kills }, () => atRandom(duration))
      : [atEvent("start", 0), atEvent("step", 7), atEvent("epoch", 24), atEvent("epoch", 48)];
    for (const moment of moments) await runAndKill(folder, moment);
    const resumed = await overfold(
      folder,
      "train",
      "tiny.yaml",
      "--output",
      "killed",
      "--resume",
    );
    assertEquals(resumed.code, 0, resumed.error);
    assertEquals(
      await results(join(folder, "killed")),
      await results(join(folder, "unbroken")),
    );
  }, CONFIG));
