/**
 * Weights of ONNX files by the names of their layers, and laid out as these have them. PyTorch's exporter
 * takes the names off kernels that it has changed, as where it folds a batch norm into one, and lets equal
 * tensors share one; the nodes that use them still say which layer they are of:
 * `/layer1/layer1.0/conv1/Conv` is that of `layer1.0.conv1`. How a matrix is to be read, they say too.
 */
import { floatsOf } from "../layers/module.ts";
import { joinPath, parentPath } from "../layers/names.ts";
import { permuted } from "../layers/permute.ts";
import type { Tensor } from "../safetensors/safetensors.ts";

/** A node of a graph. */
export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Those that are numbers, by name. */
  readonly attributes: ReadonlyMap<string, readonly number[]>;
}

/** The tensors of an ONNX file. */
export interface OnnxTensors {
  /** By name; one that layers share is there under each of its names. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Those that are weights of a layer; the others may be any constants. */
  readonly weights: ReadonlySet<Tensor>;
  /** Why others are not read, by name, behind "it is in the file, but". */
  readonly unread: ReadonlyMap<string, string>;
}

/** Which of a node's inputs are parameters of its layer. */
type Parameters = readonly (readonly [input: number, name: string])[];

const KERNEL: Parameters = [[1, "weight"], [2, "bias"]];

/** The parameters of layers by the ops of their nodes, the weights first. */
const PARAMETERS = new Map<string, Parameters>([
  ["Conv", KERNEL],
  ["ConvTranspose", KERNEL],
  ["Gemm", KERNEL],
  ["MatMul", [[1, "weight"]]],
  ["ConvInteger", [[1, "weight"]]],
  ["MatMulInteger", [[1, "weight"]]],
  ["QLinearConv", [[3, "weight"]]],
  ["QLinearMatMul", [[3, "weight"]]],
]);

/** Ops behind which a tensor is the same but for how its numbers are stored. */
const COPYING = ["Identity", "Cast", "QuantizeLinear", "DequantizeLinear"];

/** Ops whose nodes say what becomes of a weight. */
export const USING_OPS: ReadonlySet<string> = new Set([
  ...PARAMETERS.keys(),
  ...COPYING,
  "Transpose",
]);

/** A name that PyTorch's exporter has made. */
const MADE = /^(onnx::\w+_)?\d+$|^\//;

/** A name that a layer's parameter or statistic has. */
const OWN = /(^|\.)(weight|bias|running_mean|running_var)$/;

/** Which tensor of the file a value is, and whether it is its transpose. */
interface Origin {
  readonly name: string;
  readonly isTurned: boolean;
}

/** What a layer's parameter is of the tensor that it is made of. */
interface Form {
  readonly isTurned: boolean;
  readonly factor: number;
}

/**
 * The tensors of a file, those that its nodes name also under the names that their layers have.
 *
 * @param unread why others are not read, by name
 */
export function namedByNodes(
  tensors: ReadonlyMap<string, Tensor>,
  unread: ReadonlyMap<string, string>,
  nodes: readonly OnnxNode[],
): OnnxTensors {
  const origins = originsOf([...tensors.keys(), ...unread.keys()], nodes);
  const named = new Map(tensors);
  for (const [name, { name: from, isTurned }] of origins) {
    const same = isTurned ? undefined : tensors.get(from);
    if (same) named.set(name, same);
  }
  const lacking = new Map(unread);
  const weights = new Set<Tensor>();
  const formed = new Map<string, Form & { readonly tensor: Tensor | undefined }>();
  const replaced = new Set<string>();
  for (const node of nodes) {
    const parameters = PARAMETERS.get(node.op) ?? [];
    const path = pathOf(node, parameters);
    for (const [input, parameter] of parameters) {
      const given = node.inputs[input] ?? "";
      const origin = origins.get(given);
      // Any matrix may be multiplied by, as one that averages.
      const isParameter = node.op !== "MatMul" || MADE.test(given) || OWN.test(given);
      if (!origin || !isParameter) continue;
      const { name } = origin;
      const own = path === undefined ? given : joinPath(path, parameter);
      const form = formIn(node, parameter, origin);
      const first = formed.get(name) ?? { ...form, tensor: inForm(tensors.get(name), form) };
      formed.set(name, first);
      const isSame = first.isTurned === form.isTurned && first.factor === form.factor;
      const why = lacking.get(name) ?? problemOf(node) ?? (isSame ? undefined : OTHERWISE);
      if (why !== undefined) {
        for (const unfit of [name, given, own]) lacking.set(unfit, why);
        for (const unfit of [name, given]) named.delete(unfit);
        continue;
      }
      const { tensor } = first;
      if (!tensor) continue;
      weights.add(tensor);
      for (const known of [name, given]) if (named.has(known)) named.set(known, tensor);
      if (!named.has(own)) named.set(own, tensor);
      if (own !== given && MADE.test(given) && named.get(own) === tensor) replaced.add(given);
    }
  }
  for (const name of replaced) named.delete(name);
  for (const [name, tensor] of named) if (OWN.test(name)) weights.add(tensor);
  return { tensors: named, weights, unread: lacking };
}

/** What tensors are called, by each name that they have behind nodes which leave them or turn a matrix. */
function originsOf(names: Iterable<string>, nodes: readonly OnnxNode[]): Map<string, Origin> {
  const users = Map.groupBy(
    nodes.filter((node) => COPYING.includes(node.op) || isTranspose(node)),
    ({ inputs: [from] }) => from,
  );
  const origins = new Map<string, Origin>();
  for (const name of names) origins.set(name, { name, isTurned: false });
  // What is added on the way is gone through, too.
  for (const [from, { name, isTurned }] of origins) {
    for (const node of users.get(from) ?? []) {
      const [to] = node.outputs;
      if (to === undefined || origins.has(to)) continue;
      origins.set(to, { name, isTurned: isTurned !== isTranspose(node) });
    }
  }
  return origins;
}

function isTranspose({ op, attributes }: OnnxNode): boolean {
  return op === "Transpose" && (attributes.get("perm") ?? [1, 0]).join() === "1,0";
}

/** How a node uses a parameter. A matrix is [O, I] in a layer, a product's is [I, O]. */
function formIn({ op, attributes }: OnnxNode, parameter: string, { isTurned }: Origin): Form {
  const number = (name: string, otherwise: number) => attributes.get(name)?.[0] ?? otherwise;
  if (op === "Gemm" && parameter === "bias") return { isTurned, factor: number("beta", 1) };
  const factor = op === "Gemm" ? number("alpha", 1) : 1;
  const isProduct = op === "MatMul" || op === "Gemm" && number("transB", 0) === 0;
  return { isTurned: isTurned !== isProduct, factor };
}

/** Undefined for what has no transpose. */
function inForm(tensor: Tensor | undefined, { isTurned, factor }: Form): Tensor | undefined {
  if (tensor && isTurned && tensor.shape.length !== 2) return undefined;
  const turned: Tensor | undefined = tensor && isTurned
    ? { dtype: "F32", ...permuted(tensor, [1, 0]) }
    : tensor;
  return turned && factor !== 1
    ? { dtype: "F32", shape: turned.shape, data: floatsOf(turned).map((value) => value * factor) }
    : turned;
}

/** Why no layer does what a node does. */
function problemOf({ op, attributes }: OnnxNode): string | undefined {
  const isTurned = op === "Gemm" && (attributes.get("transA")?.[0] ?? 0) !== 0;
  return isTurned ? "in a Gemm that transposes its input (transA), as no layer does" : undefined;
}

const OTHERWISE = "used twice, transposed or with another factor only once, as no layers do";

/** The path of the layer that a node is of; undefined where neither its weight nor its name says one. */
function pathOf({ name, inputs }: OnnxNode, [kernel]: Parameters): string | undefined {
  const weight = kernel && inputs[kernel[0]] || "";
  if (weight.endsWith(".weight")) return parentPath(weight);
  const [root, ...scopes] = name.split("/").slice(0, -1);
  if (root !== "" || scopes.length === 0) return undefined;
  // A list's member is named with the list: /layer1/layer1.0.
  return scopes.reduce((path, scope) => {
    const last = path.slice(path.lastIndexOf("/") + 1);
    return scope.startsWith(`${last}.`)
      ? path.slice(0, path.length - last.length) + scope
      : `${path}/${scope}`;
  }).replaceAll("/", ".");
}
