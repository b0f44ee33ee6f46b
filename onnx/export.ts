/**
 * Writes ONNX files of folded networks (https://onnx.ai) for other runtimes. The batch size is free;
 * class names, input size and channel statistics are in the model's metadata.
 */
import type { onnx } from "npm:onnx-proto@8.0.1";
import { InputError } from "../errors.ts";
import { type ConstantAttributes, constantOp, inputOp } from "../graph/leaves.ts";
import { foldForInference } from "../ops/fold_for_inference.ts";
import type { GraphNode, Program, Value } from "../graph/types.ts";
import { preprocessOp } from "../ops/preprocess.ts";
import {
  type FoldedNetwork,
  type NetworkDescription,
  networkProgram,
} from "../networks/network.ts";
import { batchOf, ELEMENT, type OnnxDType, OnnxGraph } from "./graph.ts";
import { calibratedProgram } from "../networks/temperature.ts";
import { loadOnnxProto } from "../files/protobuf.ts";
import { warnRenamed } from "../schema/former_names.ts";

/** Version of ONNX's operators used in the files. */
const ONNX_OPSET = 17;
/** Version of ONNX's file format, the first that supports the opset. */
const IR_VERSION = 8;

/** Options of {@link encodeOnnx}. */
export interface OnnxOptions {
  /**
   * Whether the file accepts images as stored and gives probabilities: input `pixels` u8
   * [N, H, W, C], output `probabilities` f32 [N, classes]. Otherwise its input is `input` f32
   * [N, C, H, W], normalized, and its output `logits` f32 [N, classes]. Default false.
   */
  readonly includePreprocessing?: boolean;
  /** Storage type of weights and activations; inputs and outputs stay f32. Default `f32`. */
  readonly dtype?: OnnxDType;
  /** @deprecated The former name of `dtype`. */
  readonly precision?: OnnxDType;
  /** Whether batch norms are folded into convolutions first. Default true. */
  readonly batchNorm?: boolean;
}

/** The storage type that options ask for, by its present or its former name. */
export function dtypeOf({ precision, dtype = precision ?? "f32" }: OnnxOptions): OnnxDType {
  if (precision) warnRenamed("OnnxOptions.precision", "dtype");
  return dtype;
}

/**
 * Encodes a network as an ONNX file. Throws InputError for an op without an ONNX form, for weights too
 * large for f16 and, without preprocessing, for a normalization that the description does not state.
 */
export async function encodeOnnx(
  network: FoldedNetwork,
  options: OnnxOptions = {},
): Promise<Uint8Array> {
  const { description } = network;
  const { batchNorm = true, includePreprocessing = false } = options;
  const graph = new OnnxGraph(dtypeOf(options));
  const input = graph.unique(includePreprocessing ? "pixels" : "input");
  const output = graph.unique(includePreprocessing ? "probabilities" : "logits");
  const inference = networkProgram(network, 1);
  const program = foldForInference(
    includePreprocessing ? calibratedProgram(inference, description) : inference,
    { batchNorm },
  );
  if (!includePreprocessing) requireDescribed(program, description);
  const names = new Map<Value, string>();
  for (const node of program.nodes) {
    const outputs = convertLeaf(graph, node, input, includePreprocessing) ??
      convertNode(graph, node, node.inputs.map((value) => nameOf(value, names)));
    outputs.forEach((name, i) => names.set(node.outputs[i], name));
  }
  const logits = cast(graph, nameOf(program.outputs.logits, names), ELEMENT.float);
  rename(graph, includePreprocessing ? probabilities(graph, logits, description) : logits, output);
  const { height, width, channels } = description.input;
  const { ModelProto } = await loadOnnxProto();
  const model = ModelProto.create({
    irVersion: IR_VERSION,
    producerName: "Overfold",
    opsetImport: [{ domain: "", version: ONNX_OPSET }],
    metadataProps: metadataOf(description),
    graph: {
      name: description.model,
      node: graph.nodes,
      initializer: graph.initializers,
      input: [
        includePreprocessing
          ? batchOf(input, ELEMENT.uint8, [height, width, channels])
          : batchOf(input, ELEMENT.float, [channels, height, width]),
      ],
      output: [batchOf(output, ELEMENT.float, [description.classNames.length])],
    },
  });
  const { buffer, byteOffset, byteLength } = ModelProto.encode(model).finish();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Throws InputError for a network that normalizes images differently from its description. */
function requireDescribed({ nodes }: Program, { normalization }: NetworkDescription): void {
  for (const { op, attributes } of nodes) {
    for (const what of op === preprocessOp ? ["mean", "std"] as const : []) {
      const [found, described] = [attributes[what], normalization[what]].map(String);
      if (found === described) continue;
      throw new InputError(
        `the network normalizes with the ${what} ${found}, but its description has ${described}; ` +
          "export it with the preprocessing included",
      );
    }
  }
}

function probabilities(
  graph: OnnxGraph,
  logits: string,
  { activation }: NetworkDescription,
): string {
  return activation === "sigmoid"
    ? graph.node("Sigmoid", [logits])
    : graph.node("Softmax", [logits], { axis: 1 });
}

/** Constants, and the preprocessing from the file's input to the network's; undefined for other nodes. */
function convertLeaf(
  graph: OnnxGraph,
  node: GraphNode,
  input: string,
  includePreprocessing: boolean,
): string[] | undefined {
  switch (node.op) {
    case constantOp: {
      const { data, shape, name }: ConstantAttributes = node.attributes;
      return [graph.floats(data, shape, name)];
    }
    case inputOp:
      return includePreprocessing ? [input] : [];
    case preprocessOp: {
      const [normalized] = includePreprocessing ? convertNode(graph, node, [input]) : [input];
      return [cast(graph, normalized, ELEMENT.float16)];
    }
  }
}

/**
 * Appends a node of an inference program to an ONNX graph and returns the names of its outputs in
 * ONNX. Throws InputError for an op that is not an inference op.
 */
function convertNode(graph: OnnxGraph, node: GraphNode, inputs: readonly string[]): string[] {
  const { op: { name, inference }, scope } = node;
  if (inference) return [inference.onnx(graph.within(scope), inputs, node)].flat();
  throw new InputError(
    `${scope || "the network"}: the op "${name}" cannot be written in ONNX; ` +
      "predict with the folded safetensors file instead",
  );
}

/** Casts to or from f16; in an f32 graph returns the name unchanged. */
function cast(graph: OnnxGraph, name: string, to: number): string {
  return graph.dtype === "f32" ? name : graph.node("Cast", [name], { to });
}

/** Renames a node's output to the name that the file shows. */
function rename({ nodes }: OnnxGraph, from: string, to: string): void {
  for (const node of nodes) {
    node.input = node.input?.map((name) => name === from ? to : name);
    node.output = node.output?.map((name) => name === from ? to : name);
  }
}

function nameOf(value: Value, names: ReadonlyMap<Value, string>): string {
  const name = names.get(value);
  if (name !== undefined) return name;
  const { op } = value.node;
  throw new InputError(
    op === inputOp
      ? "the network reads pixels other than through its normalization; export it with the " +
        "preprocessing included"
      : `output ${
        value.index + 1
      } of the op "${op.name}" cannot be written in ONNX; predict with ` +
        "the folded safetensors file instead",
  );
}

function metadataOf(description: NetworkDescription): onnx.IStringStringEntryProto[] {
  const { model, input, normalization, classNames, activation, temperature, threshold } =
    description;
  const entries = {
    model,
    input,
    normalization,
    class_names: classNames,
    ...(activation ? { activation } : {}),
    ...(temperature === undefined ? {} : { temperature }),
    ...(threshold === undefined ? {} : { threshold }),
  };
  return Object.entries(entries).map(([key, value]) => ({
    key,
    value: typeof value === "string" ? value : JSON.stringify(value),
  }));
}
