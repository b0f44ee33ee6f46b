/** Shared by the comparisons with other frameworks: commands whose last line is a JSON object. */
import { median } from "../reporting/statistics.ts";

const ROOT = new URL("../", import.meta.url);

/** The JSON object on a command's last line. */
export async function lastLine(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Record<string, number>> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    env,
  })
    .output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}

/** A training to measure; ImageNet's networks see images of 224 × 224, CIFAR's of 32 × 32. */
interface BenchCase {
  readonly network: string;
  readonly batchSize: number;
  readonly threads: string;
  readonly steps: string;
}

/** Runs `deno task bench`, on the CPU in the form of this name; by default the fastest. */
export function overfoldBench(
  { network, batchSize, threads, steps }: BenchCase,
  args: readonly string[],
  { form, backend = "cpu" }: {
    readonly form?: string;
    readonly backend?: "cpu" | "webgpu";
  } = {},
): Promise<Record<string, number>> {
  return lastLine(Deno.execPath(), [
    ...["task", "--quiet", "bench", "examples/cifar10.yaml", "--json"],
    ...(form === undefined ? [] : [`--form=${form}`]),
    `--steps=${steps}`,
    `--set=backend=${backend}`,
    `--set=threads=${threads}`,
    `--set=data.dataset={name: synthetic, imageSize: ${network.startsWith("cifar") ? 32 : 224}}`,
    `--set=data.batchSize=${batchSize}`,
    `--set=model.name=${network}`,
    ...args,
  ]);
}

/**
 * Runs both sides in turn, a round each, and prints their speeds and finally the medians. The
 * median of the rounds' ratios is reliable even if the machine's speed drifts.
 */
export async function compareInTurn(
  subject: string,
  rival: string,
  rounds: number,
  ours: () => Promise<Record<string, number>>,
  theirs: () => Promise<Record<string, number>>,
): Promise<void> {
  const speeds: { overfold: number; other: number; ratio: number }[] = [];
  const line = (overfold: number, other: number, ratio: number) =>
    `overfold ${overfold.toFixed(2)} images/s, ${rival} ${other.toFixed(2)}, ` +
    `ratio ${ratio.toFixed(2)}`;
  for (let round = 1; round <= rounds; round++) {
    const overfold = (await ours()).imagesPerSecond;
    const other = (await theirs()).imagesPerSecond;
    speeds.push({ overfold, other, ratio: overfold / other });
    console.log(`round ${round}: ${line(overfold, other, overfold / other)}`);
  }
  const medianOf = (key: "overfold" | "other" | "ratio") => median(speeds.map((s) => s[key]));
  console.log(
    `${subject}: medians: ${line(medianOf("overfold"), medianOf("other"), medianOf("ratio"))}`,
  );
}
