/** What a model consists of, layer by layer, while it trains and once it is folded. */
import { constantOp, inputOp } from "../graph/leaves.ts";
import { foldForInference } from "../ops/fold_for_inference.ts";
import { type GraphNode, type Program, type Shape, sizeOf } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { parentPath } from "../layers/names.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { sum } from "../reporting/statistics.ts";
import { type ImageFormat, inferenceProgram } from "./inference.ts";

/** One layer: a module that has parameters or computes. */
export interface LayerSummary {
  /** Module path, such as `layer1.0.conv1`. */
  readonly path: string;
  /** Class of the module, such as `DoConv2d`. */
  readonly kind: string;
  /** Shape of its output for one image, [C, H, W] or [features]. */
  readonly outputShape: Shape;
  /** Trained numbers while training. */
  readonly trainingParameters: number;
  /** Numbers left of them once folded. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations for one image, folded. */
  readonly macs: number;
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

/** Layers in the order they run, and their sums. */
export interface ModelSummary {
  /** One entry for each module that computes. */
  readonly layers: readonly LayerSummary[];
  /** Trained numbers while training. */
  readonly trainingParameters: number;
  /** Numbers left of them once folded. */
  readonly foldedParameters: number;
  /** Multiply-accumulate operations for one image, folded. */
  readonly macs: number;
  /** The inference program as it trains, folded, and with batch norms folded as well. */
  readonly forms: readonly FormSummary[];
}

/**
 * Summarises a model for images of the given format. Throws InputError, naming the layer, for a model
 * that does not take such images.
 */
export function summarizeModel(model: Module, format: ImageFormat): ModelSummary {
  const training = inferenceProgram(model, format, 1);
  const folded = foldForInference(training);
  const modules = model.namedModules();
  const trainable = [...model.namedParameters().values()].filter(({ trainable }) => trainable);
  const statistics = new Set(
    [...model.namedParameters()].filter(([, { trainable }]) => !trainable).map(([name]) => name),
  );
  const layers = [...nodesByScope(folded)].map(([path, nodes]): LayerSummary => ({
    path,
    kind: modules.get(path)?.constructor.name ?? "",
    outputShape: nodes[nodes.length - 1].outputs[0].shape.slice(1),
    trainingParameters: sum(
      trainable.filter(({ name }) => parentPath(name) === path).map(({ shape }) => sizeOf(shape)),
    ),
    foldedParameters: sum(
      nodes.flatMap(({ inputs }) => inputs.map(({ node }) => node))
        .filter(({ op, attributes }) => op === constantOp && !statistics.has(attributes.name))
        .map(({ outputs }) => sizeOf(outputs[0].shape)),
    ),
    macs: sum(nodes.map(multiplyAccumulates)),
  }));
  return {
    layers,
    trainingParameters: sum(layers.map((layer) => layer.trainingParameters)),
    foldedParameters: sum(layers.map((layer) => layer.foldedParameters)),
    macs: sum(layers.map((layer) => layer.macs)),
    forms: [
      formOf("training", training),
      formOf("folded", folded),
      formOf("foldedBatchNorm", foldForInference(folded, { batchNorm: true })),
    ],
  };
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
    scopes.set(node.scope, [...scopes.get(node.scope) ?? [], node]);
  }
  return scopes;
}
