/**
 * Names of weights in ONNX files. PyTorch's exporter takes the names off kernels that it has changed, as
 * where it folds a batch norm into one, and lets equal tensors share one; the nodes that use them still say
 * which layer they are of: `/layer1/layer1.0/conv1/Conv` is that of `layer1.0.conv1`.
 */
import { joinPath, parentPath } from "../layers/names.ts";
import { permuted } from "./permute.ts";
import type { Tensor } from "./safetensors.ts";

/** A node of a graph. */
export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Ops whose nodes say what a tensor is called. */
export const NAMING_OPS: readonly string[] = ["Conv", "MatMul", "Identity"];

/** A name that PyTorch's exporter has made. */
const MADE = /^(onnx::\w+_)?\d+$/;

/** The tensors of a file, those that its nodes name also under the names that their layers have. */
export function namedByNodes(
  tensors: ReadonlyMap<string, Tensor>,
  nodes: readonly OnnxNode[],
): Map<string, Tensor> {
  const named = new Map(tensors);
  for (const { op, inputs: [from], outputs: [to] } of nodes) {
    const same = op === "Identity" ? named.get(from) : undefined;
    if (same && to !== undefined && !named.has(to)) named.set(to, same);
  }
  const used = new Set<string>();
  for (const { op, name, inputs: [, weight = "", bias = ""] } of nodes) {
    if (op === "Identity") continue;
    const path = weight.endsWith(".weight") ? parentPath(weight) : pathOf(name);
    const kernel = named.get(weight);
    if (path === undefined || !kernel) continue;
    if (MADE.test(weight)) {
      // A product has the transposed weights of a linear layer.
      give(named, joinPath(path, "weight"), op === "MatMul" ? transposed(kernel) : kernel);
      used.add(weight);
    }
    give(named, joinPath(path, "bias"), named.get(bias));
    if (MADE.test(bias)) used.add(bias);
  }
  for (const name of used) named.delete(name);
  return named;
}

function give(tensors: Map<string, Tensor>, name: string, tensor: Tensor | undefined): void {
  if (tensor && !tensors.has(name)) tensors.set(name, tensor);
}

/** The path of the layer that a node is of; undefined where its name says none. */
function pathOf(node: string): string | undefined {
  const [root, ...scopes] = node.split("/").slice(0, -1);
  if (root !== "" || scopes.length === 0) return undefined;
  // A list's member is named with the list: /layer1/layer1.0.
  return scopes.reduce((path, scope) => {
    const last = path.slice(path.lastIndexOf("/") + 1);
    return scope.startsWith(`${last}.`)
      ? path.slice(0, path.length - last.length) + scope
      : `${path}/${scope}`;
  }).replaceAll("/", ".");
}

/** A matrix [I, O] as [O, I]; undefined for anything else. */
function transposed(tensor: Tensor): Tensor | undefined {
  return tensor.shape.length === 2 ? { dtype: "F32", ...permuted(tensor, [1, 0]) } : undefined;
}
