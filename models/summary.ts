/** The layers of a model, in training and folded. */
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

/** One layer of a folded network. */
export interface FoldedLayerSummary {
  /** Module path, such as `layer1.0.conv1`. */
  readonly path: string;
  /** What it computes: its ops, such as `conv2d`. */
  readonly kind: string;
  /** Shape of its output for one image, [C, H, W] or [features]. */
  readonly outputShape: Shape;
  /** Number of elements of its kernels, factors and biases, without statistics. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations for one image, folded. */
  readonly macs: number;
}

/** One layer of a model: a module that has parameters or computes; `kind` is its class. */
export interface LayerSummary extends FoldedLayerSummary {
  /** Number of trained parameters. */
  readonly trainingParameters: number;
}

/** A program equivalent to the model, and its cost. */
export interface FormSummary {
  /** `training`: kernels composed at every run; `folded`; `foldedBatchNorm`: batch norms too. */
  readonly form: "training" | "folded" | "foldedBatchNorm";
  /** Operations of the program. */
  readonly nodes: number;
  /** Numbers it reads besides the image: kernels, biases, statistics. */
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
  /** Number of elements of all layers. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations for one image, folded. */
  readonly macs: number;
  /**
   * The inference program: folded, and with batch norms folded as well; for a model also as in
   * training.
   */
  readonly forms: readonly FormSummary[];
  /** Consecutive linear layers that are not exactly one convolution, by their paths. */
  readonly inexact: readonly (readonly [first: string, second: string])[];
}

/** The same for a model, which can be trained. */
export interface ModelSummary extends NetworkSummary {
  /** One entry for each module that computes. */
  readonly layers: readonly LayerSummary[];
  /** Number of trained parameters. */
  readonly trainingParameters: number;
}

/** Summarizes a folded network. */
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
 * Summarizes a model for images of the given format. Throws InputError, naming the layer, for a
 * model that does not take such images.
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

/** Numbers like those of a trained model: nonzero, since zeros would let more layers fold. */
function trainedOnes({ shape }: Parameter): Float32Array {
  return new Float32Array(sizeOf(shape)).map((_, i) => 1 + i % 7 / 8);
}

/** The innermost of several paths around this name; a folded layer may have contained layers. */
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
    // A block ends with its own ops, after its layers.
    scopes.delete(node.scope);
    scopes.set(node.scope, [...before, node]);
  }
  return scopes;
}
