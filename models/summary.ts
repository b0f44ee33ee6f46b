/** What a model consists of, layer by layer, while it trains and once it is folded. */
import { constantOp } from "../graph/leaves.ts";
import { foldConstants } from "../graph/passes/fold_constants.ts";
import { type GraphNode, type Program, type Shape, sizeOf } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
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

/** Layers in the order they run, and their sums. */
export interface ModelSummary {
  readonly layers: readonly LayerSummary[];
  readonly trainingParameters: number;
  readonly foldedParameters: number;
  readonly macs: number;
}

/** Summarises a model for images of the given format. */
export function summarizeModel(model: Module, format: ImageFormat): ModelSummary {
  const folded = foldConstants(inferenceProgram(model, format, 1));
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
      trainable.filter(({ name }) => parentOf(name) === path).map(({ shape }) => sizeOf(shape)),
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

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
