/**
 * Mutations of a folded network's program: attributes, operands, ops, outputs and shapes of
 * tensors, the same for equal draws.
 */
import { sizeOf } from "../../graph/types.ts";
import type { FoldedNetwork } from "../../networks/network.ts";
import type { StoredProgram } from "../../networks/program.ts";
import { OPS } from "../../ops/registry.ts";
import type { Draw } from "./draw.ts";

/** A network that is being changed: plain data without shared parts. */
interface Changing {
  readonly nodes: Mutable<StoredProgram["nodes"][number]>[];
  readonly outputs: Record<string, readonly [number, number]>;
  readonly tensors: Map<string, { dtype: "F32"; shape: readonly number[]; data: Float32Array }>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A network with one to three mutations. It is a stored program by form (`isStoredProgram`), but
 * not necessarily a valid one.
 */
export function mutateNetwork(network: FoldedNetwork, draw: Draw): FoldedNetwork {
  const program = JSON.parse(JSON.stringify(network.program));
  const tensors: Changing["tensors"] = new Map();
  for (const [name, { shape, data }] of network.tensors) {
    if (data instanceof Float32Array) tensors.set(name, { dtype: "F32", shape, data });
  }
  for (let times = draw.one(1, 1, 2, 3); times > 0; times--) {
    draw.one(...MUTATIONS)({ ...program, tensors }, draw);
  }
  return { ...network, program, tensors };
}

/** Nearly any JSON value, mostly numbers. */
function anything(draw: Draw): unknown {
  const exponent = draw.one(8, 15, 16, 24, 28, 30, 31, 32, 53, 64, 1000);
  const number = draw.one(draw.whole(-3, 12), 2 ** exponent, 2 ** exponent - 1, -(2 ** exponent));
  return draw.one<unknown>(
    number,
    number,
    number,
    draw.whole(-20, 20) / 4,
    [number, draw.whole(0, 4)],
    Array.from({ length: draw.whole(0, 6) }, () => draw.whole(-1, 6)),
    draw.one<unknown>(null, true, false, "", "zeros", "reflect", "circular", "pixels", {}, [[]]),
  );
}

/** A value with a part of it replaced by a nearby number or anything. */
function changed(value: unknown, draw: Draw): unknown {
  if (Array.isArray(value) && value.length > 0 && draw.whole(0, 4) > 0) {
    return value.with(draw.whole(0, value.length - 1), changed(value[0], draw));
  }
  if (typeof value === "boolean" && draw.whole(0, 1)) return !value;
  return typeof value === "number" && draw.whole(0, 2) ? value + draw.whole(-1, 3) : anything(draw);
}

function placeIn(list: readonly unknown[], draw: Draw): number {
  return draw.whole(0, Math.max(0, list.length - 1));
}

/** A node, less often a leaf. */
function nodeOf({ nodes }: Changing, draw: Draw): Changing["nodes"][number] {
  const computing = nodes.filter(({ inputs }) => inputs.length > 0);
  return draw.one(...nodes, ...computing, ...computing, ...computing);
}

/** A reference to a value, mostly one that is computed before the node. */
function reference(
  { nodes }: Changing,
  node: Changing["nodes"][number] | undefined,
  draw: Draw,
): readonly [number, number] {
  const before = draw.whole(0, 9) && node ? nodes.indexOf(node) : nodes.length;
  return [draw.whole(draw.whole(-1, 0), Math.max(0, before - 1)), draw.one(0, 0, 0, 0, 1, 2, -1)];
}

/** Inserts a node before another and adjusts references. */
function insert(changing: Changing, at: number, node: Changing["nodes"][number]): void {
  const moved = ([from, index]: readonly [number, number]) =>
    [from >= at ? from + 1 : from, index] as const;
  for (const other of changing.nodes) other.inputs = other.inputs.map(moved);
  for (const [name, from] of Object.entries(changing.outputs)) changing.outputs[name] = moved(from);
  changing.nodes.splice(at, 0, node);
}

type Mutation = (changing: Changing, draw: Draw) => void;

const changeAttribute: Mutation = (changing, draw) => {
  const node = nodeOf(changing, draw);
  const names = Object.keys(node.attributes);
  if (names.length === 0) return;
  const name = draw.one(...names);
  node.attributes = { ...node.attributes, [name]: changed(node.attributes[name], draw) };
};

/** Inserts a node with one operand after another node, and uses its result instead. */
const wrap: Mutation = (changing, draw) => {
  const { nodes } = changing;
  const at = draw.whole(1, nodes.length);
  const op = draw.one("relu", "tanh", "scale", "softmax", "reshape", "add", ...OPS.keys());
  const like = draw.one(...nodes);
  const inputs = Array.from(
    { length: draw.one(1, 1, 2, 3) },
    () => reference(changing, nodes[at], draw),
  );
  insert(changing, at, {
    op,
    inputs: [[at - 1, 0], ...inputs.slice(1)],
    attributes: draw.one<StoredProgram["nodes"][number]["attributes"]>(
      {},
      like.attributes,
      { factor: draw.whole(-2, 2) },
      { shape: [draw.one(1, -1), draw.one(3, 6, 24, 192, -1)] },
    ),
  });
  const user = nodes.find((node, i) => i > at && node.inputs.some(([from]) => from === at - 1));
  if (user) user.inputs = user.inputs.map((from) => from[0] === at - 1 ? [at, 0] : from);
};

const MUTATIONS: readonly Mutation[] = [
  changeAttribute,
  changeAttribute,
  changeAttribute,
  wrap,
  // Adds an unknown attribute or removes one.
  (changing, draw) => {
    const node = nodeOf(changing, draw);
    const name = draw.one("shape", "padding", "inputShape", "__proto__", "constructor", "more");
    const added = Object.fromEntries([[name, anything(draw)]]);
    node.attributes = { ...node.attributes, ...added };
  },
  (changing, draw) => {
    const node = nodeOf(changing, draw);
    const { [draw.one("", ...Object.keys(node.attributes))]: _, ...others } = node.attributes;
    node.attributes = others;
  },
  // Replaces, adds or removes an operand.
  (changing, draw) => {
    const node = nodeOf(changing, draw);
    if (node.inputs.length === 0) return;
    node.inputs = node.inputs.with(placeIn(node.inputs, draw), reference(changing, node, draw));
  },
  (changing, draw) => {
    const node = nodeOf(changing, draw);
    node.inputs = [...node.inputs, reference(changing, node, draw)];
  },
  (changing, draw) => {
    const node = nodeOf(changing, draw);
    node.inputs = node.inputs.toSpliced(placeIn(node.inputs, draw), 1);
  },
  // Changes an op, removes a node or repeats one.
  (changing, draw) => {
    nodeOf(changing, draw).op = draw.one(
      "relu",
      "tanh",
      "softmax",
      "add",
      "subtract",
      "multiply",
      ...OPS.keys(),
      "",
      "toString",
      "__proto__",
    );
  },
  ({ nodes, outputs }, draw) => {
    if (nodes.length === 1) return;
    const at = placeIn(nodes, draw);
    const [{ inputs }] = nodes.splice(at, 1);
    const moved = (from: readonly [number, number]) =>
      from[0] === at && inputs.length > 0
        ? inputs[0]
        : [from[0] > at ? from[0] - 1 : from[0], from[1]] as const;
    for (const node of nodes) node.inputs = node.inputs.map(moved);
    for (const [name, from] of Object.entries(outputs)) outputs[name] = moved(from);
  },
  (changing, draw) => {
    insert(changing, placeIn(changing.nodes, draw), { ...draw.one(...changing.nodes) });
  },
  // Changes outputs.
  (changing, draw) => {
    changing.outputs[draw.one("logits", "logits", "more")] = reference(changing, undefined, draw);
  },
  ({ outputs }) => {
    delete outputs.logits;
  },
  // Reshapes a tensor or changes its size.
  ({ tensors }, draw) => {
    const [name, tensor] = draw.one(...tensors);
    const size = sizeOf(tensor.shape);
    const factors = [1, 2, 3, 4, 6, 9, 12].filter((factor) => size % factor === 0);
    const factor = draw.one(...factors);
    const shape = draw.one(tensor.shape.toReversed(), [factor, size / factor], [
      size / factor,
      factor,
      1,
      1,
    ], [1, factor, size / factor, 1]);
    tensors.set(name, { ...tensor, shape });
  },
  ({ tensors }, draw) => {
    const [name, { dtype, shape }] = draw.one(...tensors);
    if (shape.length === 0) return;
    const other = shape.with(placeIn(shape, draw), draw.whole(0, 9));
    tensors.set(name, { dtype, shape: other, data: new Float32Array(sizeOf(other)).fill(0.1) });
  },
];
