/** What programs of strangers may cost: a few bytes can ask for any time and memory. */
import { InputError } from "../errors.ts";
import { constantOp, inputOp } from "../graph/leaves.ts";
import { type GraphNode, type Program, sizeOf, type Value } from "../graph/types.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { reshapeOp } from "../ops/reshape.ts";
import { formatSi } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";

/** Most numbers that are kept at once for a picture, beside weights. */
export const MAX_AT_ONCE = 2 ** 28;

/**
 * Most of each: a ResNet-152 of 2048 × 2048 pixels stays below. Numbers of a pooling count as often
 * as its window is large. Of what is the same for all pictures, folding leaves nearly nothing.
 */
const MOST = {
  "multiply-accumulates for a picture": 2 ** 40,
  "numbers for a picture": 2 ** 33,
  "numbers at once for a picture": MAX_AT_ONCE,
  "multiply-accumulates for all pictures": 2 ** 28,
  "numbers for all pictures": 2 ** 24,
};

type Cost = keyof typeof MOST;

/** Throws InputError, without a name, for a program of batches of `batchSize` that costs too much. */
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
      ? ["a picture", batchSize] as const
      : ["all pictures", 1] as const;
    const { kernelSize: [rows, columns] = [1, 1] } = node.attributes;
    const numbers = sizeBeside(node.outputs);
    add(`multiply-accumulates for ${reader}`, multiplyAccumulates(node) / share);
    add(`numbers for ${reader}`, rows * columns * numbers / share);
    atOnce += numbers;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    const done = [...valuesOf(node)].filter((value) => lastUse.get(value) === node);
    atOnce -= sizeBeside(done);
  }
  add("numbers at once for a picture", mostAtOnce / batchSize);
  return costs;
}

/** The weights of a program, each also once in another shape, as a matrix that is used as a kernel. */
function weightsOf(nodes: readonly GraphNode[]): Set<GraphNode> {
  const weights = new Set(nodes.filter(({ op }) => op === constantOp));
  const unshaped = new Set(weights);
  for (const node of nodes) {
    if (node.op === reshapeOp && unshaped.delete(node.inputs[0].node)) weights.add(node);
  }
  return weights;
}
