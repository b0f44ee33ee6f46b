/** Finds where NaN or infinity first appears in a network. */
import type { Backend } from "../backends/backend.ts";
import { InputError, RunError } from "../errors.ts";
import { type ConstantAttributes, constantOp, programInputs } from "../graph/leaves.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import type { GraphNode, Program } from "../graph/types.ts";
import type { ImageFormat } from "../models/inference.ts";
import { formatCount } from "../reporting/format.ts";

const ADVICE = "its training diverged or the file is damaged: use another checkpoint";

/** Float64 values beyond the range of float32. */
const TOO_LARGE = "numbers too large for float32";

/**
 * Describes and counts the numbers that are not finite in float32, in which networks compute;
 * undefined if all are finite.
 */
export function describeNotFinite(data: ArrayLike<number | bigint>): string | undefined {
  const found = new Set<string>();
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (Number.isFinite(Math.fround(value))) continue;
    count++;
    found.add(Number.isNaN(value) ? "NaN" : Number.isFinite(value) ? TOO_LARGE : "infinity");
  }
  if (count === 0) return undefined;
  const what = ["NaN", "infinity", TOO_LARGE].find((name) => found.has(name));
  return `${what}, ${formatCount(count)} of ${formatCount(data.length)} numbers`;
}

/** Images of fixed noise: u8 [count, H, W, C]. */
export function noisePixels(
  { height, width, channels }: ImageFormat["input"],
  count: number,
): Uint8Array {
  const random = new RandomStream({ seed: 0, stream: STREAM.synthetic });
  return Uint8Array.from(
    { length: count * height * width * channels },
    () => random.integer(256),
  );
}

/**
 * Throws InputError, naming `path` and the first layer at fault, for a network whose weights, or whose
 * logits for an image of noise, are not finite.
 *
 * @param program for a batch of one: input `pixels` u8 [1, H, W, C]
 */
export async function requireFinite(
  path: string,
  program: Program,
  backend: Backend,
): Promise<void> {
  const [pixels] = programInputs(program);
  const [count, height, width, channels] = pixels.shape;
  const noise = noisePixels({ height, width, channels }, count);
  let fault = weightsAtFault(program);
  if (fault === undefined) {
    const { logits } = await runOnce(program, backend, noise);
    const found = describeNotFinite(logits);
    // Only on failure: keeping all values takes much more memory than the logits.
    if (found) {
      fault = await valuesAtFault(program, backend, noise) ?? `its logits contain ${found}`;
    }
  }
  if (fault) throw new InputError(`${path}: ${fault}; ${ADVICE}`);
}

/** Throws RunError, naming `path` and the first layer that reads them, if weights are not finite. */
export function requireFiniteWeights(path: string, program: Program): void {
  const fault = weightsAtFault(program);
  if (fault) throw new RunError(`${path}: ${fault}; ${ADVICE}`);
}

/** An image u8 [H, W, C] with the name that errors use. */
export interface NamedPicture {
  readonly name: string;
  readonly pixels: Uint8Array;
}

/**
 * Throws RunError, naming the first image and the first layer at fault, unless all logits are finite.
 *
 * @param logits f32 [N, classes]
 * @param program gives the network's program for a batch of N: input `pixels` u8 [N, H, W, C]
 * @param pictureOf the image that a row of the logits belongs to
 */
export async function requireFiniteLogits(
  logits: Float32Array,
  program: (batchSize: number) => Program,
  backend: Backend,
  pictureOf: (row: number) => NamedPicture | Promise<NamedPicture>,
): Promise<void> {
  const at = logits.findIndex((logit) => !Number.isFinite(logit));
  if (at < 0) return;
  const single = program(1);
  const [, classes] = single.outputs.logits.shape;
  const { name, pixels } = await pictureOf(Math.floor(at / classes));
  const fault = weightsAtFault(single) ?? await valuesAtFault(single, backend, pixels) ??
    "its logits are finite when it runs alone; try another backend";
  throw new RunError(`${name}: the network's logits for it are not finite: ${fault}; ${ADVICE}`);
}

/** The first weights that are not finite, in the order in which layers are computed. */
function weightsAtFault({ nodes }: Program): string | undefined {
  for (const { attributes, outputs: [value] } of nodes.filter(({ op }) => op === constantOp)) {
    const { name = "a constant", data }: ConstantAttributes = attributes;
    const found = describeNotFinite(data);
    if (found === undefined) continue;
    const reader = nodes.find(({ inputs }) => inputs.includes(value));
    return `${name}${reader ? `, which ${layerOf(reader)} reads,` : ""} contains ${found}`;
  }
}

/** The first values that are not finite; undefined if all are. */
async function valuesAtFault(
  program: Program,
  backend: Backend,
  pixels: Uint8Array,
): Promise<string | undefined> {
  const values = program.nodes
    .filter(({ inputs }) => inputs.length > 0)
    .flatMap(({ outputs }) => outputs)
    .filter(({ dtype }) => dtype === "f32");
  const outputs = Object.fromEntries(values.map((value, i) => [String(i), value]));
  const results = await runOnce({ ...program, outputs }, backend, pixels);
  for (const [i, { node }] of values.entries()) {
    const found = describeNotFinite(results[i]);
    if (found) return `${layerOf(node)} gives ${found} from finite values and weights`;
  }
}

async function runOnce(
  program: Program,
  backend: Backend,
  pixels: Uint8Array,
): Promise<Record<string, Float32Array>> {
  const executable = await backend.compile([program]);
  try {
    return await executable.run(program.name, { pixels });
  } finally {
    executable.dispose();
  }
}

/** A layer as errors name it: its path and what it computes. */
function layerOf({ scope, op }: GraphNode): string {
  return scope === "" ? op.name : `${scope} (${op.name})`;
}
