/**
 * The part of lowering a program that all backends share: which ops are fused, which kernels
 * compute an op, which variables exist, and where values are stored.
 */
import { InputError } from "../errors.ts";
import { inputOp, isLeaf } from "../graph/leaves.ts";
import { type FuseOptions, optimize } from "../graph/passes/mod.ts";
import type { GraphNode, Program, Update, Value } from "../graph/types.ts";
import { assignLayouts, type Layout, layoutOf, type NodeOrders, type Order } from "./layout.ts";
import {
  isAlias,
  type Place,
  type Placement,
  placeOf,
  placeValues,
  sourceOf,
  type VariableRange,
  variableRangeOf,
} from "./placement.ts";

/** The part of a kernel family that does not depend on the backend. */
interface Family {
  /** Names of the ops it lowers. */
  readonly ops: readonly string[];
  /** See {@link assignLayouts}. */
  orders?(node: GraphNode, available: readonly Order[]): NodeOrders;
}

/**
 * The family that lowers a node: the one that names its op, else `elementwise` for a scalar
 * expression. The returned function throws InputError for an op that has no kernel.
 */
export function familyFinder<F extends Family>(
  backend: string,
  families: readonly F[],
  elementwise: F,
): (node: GraphNode) => F {
  const byOp = new Map(families.flatMap((family) => family.ops.map((op) => [op, family])));
  return ({ op }) => {
    const family = byOp.get(op.name) ?? (op.elementwise && elementwise);
    if (family) return family;
    throw new InputError(
      `op "${op.name}" has no ${backend} kernel; expected a kernel family that names it`,
    );
  };
}

/**
 * Elements of the variables of some programs, by name. Throws InputError if sizes disagree or two
 * programs have the same name.
 */
export function variableSizes(programs: readonly Program[]): Map<string, number> {
  const names = programs.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new InputError(`two programs are called ${twice}`);
  const sizes = new Map<string, number>();
  for (const { name, size } of programs.flatMap(({ variables }) => variables)) {
    const known = sizes.get(name) ?? size;
    if (known !== size) {
      throw new InputError(
        `variable "${name}" has ${known} elements in one program and ${size} in another`,
      );
    }
    sizes.set(name, size);
  }
  return sizes;
}

/** What decides how a backend lowers programs to kernels of families `F`. */
interface LoweringRules<F extends Family> {
  readonly familyOf: (node: GraphNode) => F;
  /** How many tensors a fused op may touch. */
  readonly fusion: FuseOptions;
  /** Fuses further ops that one kernel computes. Default: none. */
  fuse?(program: Program): Program;
}

/** Lowers one program, whose values are stored in buffers of type `B`. */
export abstract class ProgramLowering<B, F extends Family> {
  /** The program after fusion, with all values laid out. */
  protected readonly program: Program;
  /** Updates whose value is computed elsewhere and must be copied at the end. */
  protected readonly copiedUpdates: readonly Update[];
  protected readonly familyOf: (node: GraphNode) => F;
  readonly #orders: ReadonlyMap<Value, Order>;
  readonly #destinations: Placement["destinations"];
  readonly #variables: ReadonlyMap<string, B>;
  readonly #places = new Map<Value, Place<B>>();

  /** Optimizes a program and lays it out over the variables' buffers. */
  constructor(
    program: Program,
    { familyOf, fusion, fuse = (program) => program }: LoweringRules<F>,
    variables: ReadonlyMap<string, B>,
  ) {
    const laidOut = assignLayouts(
      fuse(optimize(program, fusion)),
      (node, available) =>
        isLeaf(node.op) || node.op.viewOffset
          ? undefined
          : familyOf(node).orders?.(node, available),
    );
    const { destinations, copiedUpdates } = placeValues(laidOut);
    this.familyOf = familyOf;
    this.program = laidOut.program;
    this.copiedUpdates = copiedUpdates;
    this.#orders = laidOut.orders;
    this.#destinations = destinations;
    this.#variables = variables;
  }

  layout(value: Value): Layout {
    return layoutOf(value, this.#orders.get(value) ?? "plain");
  }

  /** Where a value is stored. */
  ref(value: Value): Place<B> {
    const { value: source, offset } = sourceOf(value);
    const known = this.#places.get(source) ?? this.#locate(source);
    this.#places.set(source, known);
    return {
      buffer: known.buffer,
      offset: known.offset + offset,
      bytes: this.layout(value).bytes,
    };
  }

  /** New memory for an input, a constant, or a value that is not computed inside another. */
  protected abstract allocate(value: Value): Place<B>;

  protected rangeRef(range: VariableRange): Place<B> {
    const { buffer: variable, ...place } = placeOf(range);
    const buffer = this.#variables.get(variable);
    if (!buffer) {
      throw new InputError(
        `program "${this.program.name}" uses variable "${variable}", which it does not list`,
      );
    }
    return { buffer, ...place };
  }

  /** The program's inputs by name. Throws InputError if two have the same name. */
  protected inputs(): Map<string, Value> {
    const inputs = new Map<string, Value>();
    for (const { op, attributes: { name }, outputs } of this.program.nodes) {
      if (op !== inputOp) continue;
      if (inputs.has(name)) throw new InputError(`two inputs are called ${name}`);
      inputs.set(name, outputs[0]);
    }
    return inputs;
  }

  /** Lowers the nodes that kernels compute, in order. */
  protected lowerNodes(lower: (node: GraphNode, family: F) => void): void {
    for (const node of this.program.nodes) {
      if (!isLeaf(node.op) && !isAlias(node)) lower(node, this.familyOf(node));
    }
  }

  /** Where a value that is not a view is stored. */
  #locate(value: Value): Place<B> {
    const destination = this.#destinations.get(value);
    if (destination?.kind === "value") {
      const whole = this.ref(destination.place.value);
      return { ...whole, offset: whole.offset + destination.place.offset };
    }
    const range = destination?.range ?? variableRangeOf(value);
    return range ? this.rangeRef(range) : this.allocate(value);
  }
}
