/**
 * Training speed against PyTorch on the same machine: `overfold bench` and `resnet20.py` in turn, a
 * round each, and the median of the rounds' ratios, which holds when the machine's speed drifts.
 *
 *     deno run --allow-run bench/pytorch/compare.ts [--rounds 7] [--steps 10] [--plain] [--no-flags]
 *
 * Needs a Python with torch (Debian: python3-torch). `--plain` compares plain convolutions,
 * `--no-flags` runs Overfold without the V8 flags of `deno task bench`.
 */
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "10" },
    python: { type: "string", default: "/usr/bin/python3" },
    plain: { type: "boolean", default: false },
    "no-flags": { type: "boolean", default: false },
  },
});

const ROOT = new URL("../../", import.meta.url);
const CLI = ["run", "--no-prompt", "--allow-all", "cli.ts", "bench"];

/** The last JSON line a command prints. */
async function measure(command: string, args: readonly string[]): Promise<Record<string, number>> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd: ROOT })
    .output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}

function ours(): Promise<Record<string, number>> {
  const task = options["no-flags"] ? CLI : ["task", "--quiet", "bench"];
  const convolution = options.plain ? "conv" : "do_conv";
  return measure(Deno.execPath(), [
    ...task,
    "examples/cifar10.yaml",
    "--json",
    `--steps=${options.steps}`,
    "--set=backend=cpu",
    `--set=model.convolution=${convolution}`,
  ]);
}

function theirs(): Promise<Record<string, number>> {
  const plain = options.plain ? ["--plain"] : [];
  return measure(options.python, ["bench/pytorch/resnet20.py", "--steps", options.steps, ...plain]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const rounds: { overfold: number; pytorch: number; ratio: number }[] = [];
for (let round = 1; round <= Number(options.rounds); round++) {
  const overfold = (await ours()).imagesPerSecond;
  const pytorch = (await theirs()).imagesPerSecond;
  rounds.push({ overfold, pytorch, ratio: overfold / pytorch });
  const [a, b, c] = [overfold, pytorch, overfold / pytorch].map((value) => value.toFixed(2));
  console.log(`round ${round}: overfold ${a} images/s, pytorch ${b}, ratio ${c}`);
}
console.log(
  `median: overfold ${median(rounds.map((r) => r.overfold)).toFixed(1)} images/s, ` +
    `pytorch ${median(rounds.map((r) => r.pytorch)).toFixed(1)}, ` +
    `ratio ${median(rounds.map((r) => r.ratio)).toFixed(2)}`,
);
