/** How ops are written in ONNX (https://onnx.ai), opset 17. Tensors are known by their names. */

/** An attribute of a node: an integer, a float, text or a list of integers. */
export type OnnxAttribute = number | { readonly float: number } | string | readonly number[];

/** Adds nodes and constants to an ONNX graph for one layer, whose path prefixes their names. */
export interface OnnxNodes {
  /** Appends a node and returns the name of its output. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
  ): string;
  /**
   * Stores numbers in the graph's precision and returns their name. Throws InputError for one that is
   * too large for it.
   *
   * @param name after the layer's path; by default a name without that
   */
  floats(data: Float32Array | Float64Array, shape: readonly number[], name?: string): string;
  /** Stores numbers in f32 whatever the precision and returns their name. */
  floats32(data: readonly number[], shape: readonly number[], name: string): string;
  /** Stores a list of integers and returns its name. */
  integers(data: readonly number[]): string;
}

/** The ONNX form of an op that ONNX has under a name of its own. */
export function onnxOp(
  opType: string,
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
): (graph: OnnxNodes, inputs: readonly string[]) => string {
  return (graph, inputs) => graph.node(opType, inputs, attributes);
}
