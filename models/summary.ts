/** What a model consists of, layer by layer, while it trains and once it is folded. */
import { constantOp, inputOp } from "../graph/leaves.ts";
import { foldForInference } from "../ops/fold_for_inference.ts";
import { inexactSequences } from "../ops/folding/sequence.ts";
import { type GraphNode, type Program, type Shape, sizeOf } from "../graph/types.ts";
import type { Parameter } from "../graph/parameter.ts";
import type { Module } from "../layers/module.ts";
import { parentPath } from "../layers/names.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { sum } from "../reporting/statistics.ts";
import { type ImageFormat, inferenceProgram } from "./inference.ts";

/** One layer of a network that is folded. */
export interface FoldedLayerSummary {
  /** Module path, such as `layer1.0.conv1`. */
  readonly path: string;
  /** What it computes: its ops, such as `conv2d`. */
  readonly kind: string;
  /** Shape of its output for one image, [C, H, W] or [features]. */
  readonly outputShape: Shape;
  /** Numbers of its kernels, factors and biases; statistics do not count. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations for one image, folded. */
  readonly macs: number;
}

/** One layer of a model: a module that has parameters or computes; `kind` is its class. */
export interface LayerSummary extends FoldedLayerSummary {
  /** Trained numbers while training. */
  readonly trainingParameters: number;
}

/** A program that computes what the model computes, and what it takes. */
export interface FormSummary {
  /** `training`: kernels composed at every run; `folded`; `foldedBatchNorm`: batch norms too. */
  readonly form: "training" | "folded" | "foldedBatchNorm";
  /** Operations of the program. */
  readonly nodes: number;
  /** Numbers it reads besides the picture: kernels, biases, statistics. */
  readonly numbers: number;
  /** Bytes of them in f32. */
  readonly bytes: number;
  /** Multiply-accumulate operations for one image. */
  readonly macs: number;
}

/** Layers of a folded network in the order they run, and their sums. */
export interface NetworkSummary {
  /** One entry for each module that computes. */
  readonly layers: readonly FoldedLayerSummary[];
  /** Numbers of all layers. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations for one image, folded. */
  readonly macs: number;
  /** The inference program: folded, and with batch norms folded as well; of a model as it trains, too. */
  readonly forms: readonly FormSummary[];
  /** Linear layers in sequence that are not one convolution, exactly, by their paths. */
  readonly inexact: readonly (readonly [first: string, second: string])[];
}

/** The same of a model, which can be trained. */
export interface ModelSummary extends NetworkSummary {
  /** One entry for each module that computes. */
  readonly layers: readonly LayerSummary[];
  /** Trained numbers while training. */
  readonly trainingParameters: number;
}

/** Summarises a network that is folded. */
export function summarizeNetwork(folded: Program): NetworkSummary {
  const layers = layersOf(folded, (name) => /(^|\.)running_(mean|var)$/.test(name));
  return {
    layers,
    ...totalsOf(layers),
    forms: foldedForms(folded),
    inexact: inexactSequences(folded),
  };
}

/**
 * Summarises a model for images of the given format. Throws InputError, naming the layer, for a model
 * that does not take such images.
 */
export function summarizeModel(model: Module, format: ImageFormat): ModelSummary {
  const training = inferenceProgram(model, format, 1, trainedOnes);
  const folded = foldForInference(training);
  const modules = model.namedModules();
  const trainable = [...model.namedParameters().values()].filter(({ trainable }) => trainable);
  const statistics = new Set(
    [...model.namedParameters()].filter(([, { trainable }]) => !trainable).map(([name]) => name),
  );
  const computing = layersOf(folded, (name) => statistics.has(name));
  const paths = new Set(computing.map(({ path }) => path));
  const owned = Map.groupBy(trainable, ({ name }) => layerWith(name, paths));
  const sizes = (parameters: readonly Parameter[]) =>
    sum(parameters.map(({ shape }) => sizeOf(shape)));
  const layers = computing.map((layer): LayerSummary => ({
    ...layer,
    kind: modules.get(layer.path)?.constructor.name ?? "",
    trainingParameters: sizes(owned.get(layer.path) ?? []),
  }));
  return {
    layers,
    trainingParameters: sizes(trainable),
    ...totalsOf(layers),
    forms: [formOf("training", training), ...foldedForms(folded)],
    inexact: inexactSequences(folded),
  };
}

/** Numbers as a training leaves them: none is zero, on which it depends what is one convolution. */
function trainedOnes({ shape }: Parameter): Float32Array {
  return new Float32Array(sizeOf(shape)).map((_, i) => 1 + i % 7 / 8);
}

/** Of several paths the innermost around what has this name; a folded layer may have had layers inside. */
function layerWith(name: string, paths: ReadonlySet<string>): string {
  let path = parentPath(name);
  while (path !== "" && !paths.has(path)) path = parentPath(path);
  return path;
}

function layersOf(
  folded: Program,
  isStatistic: (name: string) => boolean,
): FoldedLayerSummary[] {
  return [...nodesByScope(folded)].map(([path, nodes]) => ({
    path,
    kind: [...new Set(nodes.map(({ op }) => op.name))].join(", "),
    outputShape: nodes[nodes.length - 1].outputs[0].shape.slice(1),
    foldedParameters: sum(
      nodes.flatMap(({ inputs }) => inputs.map(({ node }) => node))
        .filter(({ op, attributes }) => op === constantOp && !isStatistic(attributes.name ?? ""))
        .map(({ outputs }) => sizeOf(outputs[0].shape)),
    ),
    macs: sum(nodes.map(multiplyAccumulates)),
  }));
}

function totalsOf(layers: readonly FoldedLayerSummary[]) {
  return {
    foldedParameters: sum(layers.map((layer) => layer.foldedParameters)),
    macs: sum(layers.map((layer) => layer.macs)),
  };
}

function foldedForms(folded: Program): FormSummary[] {
  return [
    formOf("folded", folded),
    formOf("foldedBatchNorm", foldForInference(folded, { batchNorm: true })),
  ];
}

function formOf(form: FormSummary["form"], { nodes }: Program): FormSummary {
  const constants = nodes.filter(({ op }) => op === constantOp);
  const numbers = sum(constants.map(({ outputs }) => sizeOf(outputs[0].shape)));
  return {
    form,
    nodes: nodes.length - constants.length - nodes.filter(({ op }) => op === inputOp).length,
    numbers,
    bytes: 4 * numbers,
    macs: sum(nodes.map(multiplyAccumulates)),
  };
}

function nodesByScope({ nodes }: Program): Map<string, GraphNode[]> {
  const scopes = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    if (node.inputs.length === 0 || node.scope === "") continue;
    const before = scopes.get(node.scope) ?? [];
    // A block ends with ops of its own, behind the layers in it.
    scopes.delete(node.scope);
    scopes.set(node.scope, [...before, node]);
  }
  return scopes;
}
