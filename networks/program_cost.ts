/** Limits on the cost of untrusted programs: a few bytes can request any amount of time and memory. */
import { InputError } from "../errors.ts";
import { constantOp, inputOp } from "../graph/leaves.ts";
import { type GraphNode, type Program, sizeOf, type Value } from "../graph/types.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { reshapeOp } from "../ops/reshape.ts";
import { formatSi } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";

/** Limit on numbers stored at once per image, excluding weights. */
export const MAX_AT_ONCE = 2 ** 28;

/**
 * Limits per program: a ResNet-152 at 2048 × 2048 pixels stays below. A pooling's numbers count once
 * per element of its window. Folding leaves almost no work that is shared by all images.
 */
const MOST = {
  "multiply-accumulates per image": 2 ** 40,
  "numbers per image": 2 ** 33,
  "numbers at once per image": MAX_AT_ONCE,
  "multiply-accumulates shared by all images": 2 ** 28,
  "numbers shared by all images": 2 ** 24,
};

type Cost = keyof typeof MOST;

/** Throws InputError, which names no file, if a program for batches of `batchSize` costs too much. */
export function requireModestCost(program: Program, batchSize: number): void {
  for (const [what, found] of costsOf(program, batchSize)) {
    if (found <= MOST[what]) continue;
    throw new InputError(
      `the stored program needs ${formatSi(found)} ${what}; expected at most ${
        formatSi(MOST[what])
      }`,
    );
  }
}

function costsOf({ nodes }: Program, batchSize: number): Map<Cost, number> {
  const costs = new Map<Cost, number>();
  const add = (what: Cost, amount: number) => costs.set(what, (costs.get(what) ?? 0) + amount);
  const lastUse = new Map<Value, GraphNode>();
  const valuesOf = ({ inputs, outputs }: GraphNode) => new Set([...inputs, ...outputs]);
  for (const node of nodes) valuesOf(node).forEach((value) => lastUse.set(value, node));
  const ofPicture = new Set<GraphNode>();
  const weights = weightsOf(nodes);
  const sizeBeside = (values: Iterable<Value>) =>
    sum([...values].map(({ node, shape }) => weights.has(node) ? 0 : sizeOf(shape)));
  let [atOnce, mostAtOnce] = [0, 0];
  for (const node of nodes) {
    const isOfPicture = node.op === inputOp ||
      node.inputs.some((value) => ofPicture.has(value.node));
    if (isOfPicture) ofPicture.add(node);
    const [reader, share] = isOfPicture
      ? ["per image", batchSize] as const
      : ["shared by all images", 1] as const;
    const { kernelSize: [rows, columns] = [1, 1] } = node.attributes;
    const numbers = sizeBeside(node.outputs);
    add(`multiply-accumulates ${reader}`, multiplyAccumulates(node) / share);
    add(`numbers ${reader}`, rows * columns * numbers / share);
    atOnce += numbers;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    const done = [...valuesOf(node)].filter((value) => lastUse.get(value) === node);
    atOnce -= sizeBeside(done);
  }
  add("numbers at once per image", mostAtOnce / batchSize);
  return costs;
}

/** The weights of a program, and each once more if reshaped: a matrix that is used as a kernel. */
function weightsOf(nodes: readonly GraphNode[]): Set<GraphNode> {
  const weights = new Set(nodes.filter(({ op }) => op === constantOp));
  const unshaped = new Set(weights);
  for (const node of nodes) {
    if (node.op === reshapeOp && unshaped.delete(node.inputs[0].node)) weights.add(node);
  }
  return weights;
}
