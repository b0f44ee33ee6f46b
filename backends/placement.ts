/**
 * Which values need no memory of their own: views share their source's; a value that is packed with
 * others, or that updates a variable at the end of the run, is computed in its destination.
 */
import { isLeaf, variableOp } from "../graph/leaves.ts";
import { type GraphNode, type Program, sizeOf, type Update, type Value } from "../graph/types.ts";
import { broadcastOf } from "../ops/elementwise.ts";
import { type PackAttributes, packOp } from "../ops/pack.ts";
import { convertLayoutOp, elementBytes, type LaidOutProgram, ordersCoincide } from "./layout.ts";

/** A place in a buffer, in bytes. */
export interface Place<B> {
  readonly buffer: B;
  readonly offset: number;
  readonly bytes: number;
}

/** A place inside the memory of a value, in bytes from its start. */
export interface PlaceInValue {
  readonly value: Value;
  readonly offset: number;
}

/** A place inside a variable, in elements. */
export interface VariableRange {
  readonly variable: string;
  readonly offset: number;
  readonly size: number;
}

/** Where a value is computed. */
export type Destination =
  | { readonly kind: "value"; readonly place: PlaceInValue }
  | { readonly kind: "variable"; readonly range: VariableRange };

/** The placement of a program's values. */
export interface Placement {
  /** Where a value that is its own source is computed; undefined: in memory of its own. */
  readonly destinations: ReadonlyMap<Value, Destination>;
  /** Updates whose value is computed elsewhere and must be copied at the end. */
  readonly copiedUpdates: readonly Update[];
}

export function updatedRange({ variable, offset, value }: Update): VariableRange {
  return { variable, offset, size: sizeOf(value.shape) };
}

/** The place of a range in its variable, in bytes. */
export function placeOf({ variable, offset, size }: VariableRange): Place<string> {
  return { buffer: variable, offset: 4 * offset, bytes: 4 * size };
}

/** Whether two places have a byte in common. */
export function placesOverlap(a: Place<unknown>, b: Place<unknown>): boolean {
  return a.buffer === b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/** Whether two ranges have an element in common. */
export function rangesOverlap(a: VariableRange, b: VariableRange): boolean {
  return placesOverlap(placeOf(a), placeOf(b));
}

/** Whether a node's output is its input's memory under another name. */
export function isAlias(node: GraphNode): boolean {
  return node.op.viewOffset !== undefined ||
    (node.op === convertLayoutOp && ordersCoincide(node.inputs[0]));
}

export function sourceOf(value: Value): PlaceInValue {
  let offset = 0;
  let source = value;
  while (isAlias(source.node)) {
    const elements = source.node.op.viewOffset?.(source.node.attributes) ?? 0;
    offset += elements * elementBytes(source.dtype);
    source = source.node.inputs[0];
  }
  return { value: source, offset };
}

/** The range of a variable that a value is a view of, if it is one. */
export function variableRangeOf(value: Value): VariableRange | undefined {
  const { value: source, offset } = sourceOf(value);
  if (source.node.op !== variableOp) return undefined;
  const { variable, offset: first } = source.node.attributes;
  return { variable, offset: first + offset / 4, size: sizeOf(value.shape) };
}

/** Decides where the values of a program are computed. */
export function placeValues({ program, orders }: LaidOutProgram): Placement {
  const destinations = new Map<Value, Destination>();

  /** The value to compute at the destination of `value`; undefined if `value` must be copied. */
  const movable = (value: Value): Value | undefined => {
    const { value: source, offset } = sourceOf(value);
    const whole = offset === 0 && sizeOf(source.shape) === sizeOf(value.shape);
    const plain = orders.get(source) === "plain" || ordersCoincide(source);
    const free = !isLeaf(source.node.op) && !destinations.has(source);
    return whole && plain && free ? source : undefined;
  };

  for (const node of program.nodes) {
    if (node.op !== packOp) continue;
    const { offsets } = node.attributes as PackAttributes;
    node.inputs.forEach((value, i) => {
      const source = movable(value);
      const place = { value: node.outputs[0], offset: 4 * offsets[i] };
      if (source) destinations.set(source, { kind: "value", place });
    });
  }
  const copiedUpdates = program.updates.filter((update) => {
    const source = movable(update.value);
    const range = updatedRange(update);
    if (!source || source.node.op === packOp || !replaceableBy(program, update, source)) {
      return true;
    }
    destinations.set(source, { kind: "variable", range });
    return false;
  });
  return { destinations, copiedUpdates };
}

/**
 * Whether a value may be written over the range it updates as soon as it is computed: nothing reads
 * the old elements later, and the node itself reads only the element that it replaces.
 */
function replaceableBy(program: Program, update: Update, source: Value): boolean {
  const range = updatedRange(update);
  const reads = (value: Value) => {
    const read = variableRangeOf(value);
    return read !== undefined && rangesOverlap(read, range);
  };
  const readsMatching = (value: Value) => {
    const read = variableRangeOf(value);
    return source.node.op.elementwise !== undefined &&
      broadcastOf(value.shape, source.shape) === "full" &&
      read?.offset === range.offset && read.size === range.size;
  };
  const position = program.nodes.indexOf(source.node);
  const others = program.updates.filter((other) => other !== update);
  return source.node.inputs.every((value) => !reads(value) || readsMatching(value)) &&
    program.nodes.slice(position + 1).every((node) => isAlias(node) || !node.inputs.some(reads)) &&
    !Object.values(program.outputs).some(reads) &&
    !others.some((other) => reads(other.value) || rangesOverlap(updatedRange(other), range));
}
