/**
 * Reads the weights from an ONNX file. Files are untrusted: everything except weights and the nodes that
 * may use them is skipped unread, and nesting deeper than a weight's is never followed.
 */
import { InputError } from "../errors.ts";
import { loadProtobuf } from "../files/protobuf.ts";
import type { Tensor } from "../safetensors/safetensors.ts";
import {
  fieldsOf,
  LENGTH_DELIMITED,
  nameOf,
  packedIntegers,
  type Source,
  textOf,
} from "./fields.ts";
import { namedByNodes, type OnnxNode, type OnnxTensors, USING_OPS } from "./names.ts";
import {
  MAX_RANK,
  parseTensor,
  type ReadExternal,
  readTensor,
  type TensorEntry,
  whyUnread,
} from "./tensor.ts";

/** Field numbers of onnx.proto. */
const MODEL = { graph: 7 } as const;
const GRAPH = { node: 1, initializer: 5, sparseInitializer: 15 } as const;
const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, float: 2, integer: 3, tensor: 5, integers: 8 } as const;
const SPARSE = { values: 1 } as const;

/** More than a network has: one with a thousand layers has about five thousand. */
const MAX_TENSORS = 2 ** 13;

/** More nodes than use the weights of a network. */
const MAX_NODES = 2 ** 16;

/** A node, and its tensor if it is a constant. */
interface ParsedNode extends OnnxNode {
  readonly tensor?: Uint8Array;
}

/**
 * The floating-point tensors of an ONNX file under their layers' names, which its nodes provide if the
 * exporter dropped them, in the layers' layouts ({@link namedByNodes}); `label` names the file in errors.
 * Throws InputError for a damaged file, and whatever `readExternal` throws.
 */
export async function parseOnnxTensors(
  bytes: Uint8Array,
  label: string,
  readExternal: ReadExternal,
): Promise<OnnxTensors> {
  const { Reader } = await loadProtobuf();
  const fail = (problem: string): never => {
    throw new InputError(`${label}: not a valid ONNX file: ${problem}; export or fetch it again`);
  };
  const source: Source = { reader: (message) => Reader.create(message), fail };
  const tensors = new Map<string, Tensor>();
  const unread = new Map<string, string>();
  const nodes: OnnxNode[] = [];
  const skip = (name: string, why: string) => {
    if (unread.size < MAX_TENSORS) unread.set(name, why);
  };
  const add = async (entry: TensorEntry) => {
    const { name } = entry;
    if (tensors.has(name)) fail(`it contains the tensor "${name}" twice`);
    const why = whyUnread(entry);
    if (why !== undefined) return skip(name, why);
    if (tensors.size === MAX_TENSORS) fail(`it has more than ${MAX_TENSORS} weights`);
    tensors.set(name, await readTensor(entry, source, readExternal));
  };
  let graphs = 0;
  for (const field of fieldsOf(bytes, source)) {
    if (field.number !== MODEL.graph || field.wireType !== LENGTH_DELIMITED) continue;
    if (++graphs > 1) fail("it has several graphs");
    for (const { number, wireType, bytes } of fieldsOf(field.bytes, source)) {
      if (wireType !== LENGTH_DELIMITED) continue;
      if (number === GRAPH.initializer) await add(parseTensor(bytes, source));
      else if (number === GRAPH.sparseInitializer) {
        skip(nameOfSparse(bytes, source), "sparse: export the network with dense weights");
      } else if (number === GRAPH.node) {
        const { tensor, ...node } = parseNode(bytes, source);
        const [name = ""] = node.outputs;
        if (USING_OPS.has(node.op)) nodes.push(node);
        else if (node.op !== "Constant") continue;
        else if (tensor) await add({ ...parseTensor(tensor, source), name });
        else skip(name, "in a Constant that holds no tensor: export it as an initializer");
        if (nodes.length > MAX_NODES) fail(`more than ${MAX_NODES} nodes use weights`);
      }
    }
  }
  if (graphs === 0) fail("it has no graph");
  return namedByNodes(tensors, unread, nodes);
}

function parseNode(message: Uint8Array, source: Source): ParsedNode {
  let [op, name] = ["", ""];
  let tensor: Uint8Array | undefined;
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, readonly number[]>();
  for (const { number, wireType, bytes } of fieldsOf(message, source)) {
    if (wireType !== LENGTH_DELIMITED) continue;
    if (number === NODE.op) op = textOf(bytes, source);
    else if (number === NODE.name) name = nameOf(bytes, source);
    else if (number === NODE.input) inputs.push(nameOf(bytes, source));
    else if (number === NODE.output) outputs.push(nameOf(bytes, source));
    else if (number === NODE.attribute) {
      const attribute = parseAttribute(bytes, source);
      attributes.set(attribute.name, attribute.values);
      if (attribute.name === "value") tensor = attribute.tensor;
    }
  }
  return { op, name, inputs, outputs, attributes, tensor };
}

function parseAttribute(message: Uint8Array, source: Source) {
  let name = "";
  let tensor: Uint8Array | undefined;
  const values: number[] = [];
  for (const { number, wireType, bytes, value } of fieldsOf(message, source)) {
    const isBytes = wireType === LENGTH_DELIMITED;
    if (number === ATTRIBUTE.name) name = textOf(bytes, source);
    else if (number === ATTRIBUTE.tensor && isBytes) tensor = bytes;
    else if (number === ATTRIBUTE.integers && isBytes) {
      values.push(...packedIntegers(bytes, MAX_RANK, source));
    } else if (
      !isBytes && [ATTRIBUTE.float, ATTRIBUTE.integer, ATTRIBUTE.integers].some((n) => n === number)
    ) values.push(value);
  }
  return { name, tensor, values };
}

function nameOfSparse(message: Uint8Array, source: Source): string {
  for (const { number, wireType, bytes } of fieldsOf(message, source)) {
    if (number === SPARSE.values && wireType === LENGTH_DELIMITED) {
      return parseTensor(bytes, source).name;
    }
  }
  return "";
}
