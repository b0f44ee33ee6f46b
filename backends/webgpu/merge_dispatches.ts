/**
 * Merges small dispatches. A network has dozens of dispatches that take longer to start than to
 * run: composing a kernel, moving a running mean. Those that do not depend on each other are
 * brought together and become one dispatch, with a few workgroups each.
 */
import { placesOverlap } from "../placement.ts";
import {
  type Constants,
  itemGrid,
  MAX_WORKGROUPS,
  type MemoryBuffer,
  movedBytes,
  type Operand,
  THREADS,
} from "./kernel.ts";
import type { LoweredDispatch } from "./lowered_program.ts";
import { storeName } from "./wgsl.ts";

/** Most buffers that a merged dispatch binds: every adapter offers this number. */
const MAX_BUFFERS = 8;
/** Most members: each lengthens the shader's text. Measure with `deno task bench CONFIG --cost`. */
const MAX_MEMBERS = 64;

/** The same work in fewer dispatches. */
export function mergeDispatches(dispatches: readonly LoweredDispatch[]): LoweredDispatch[] {
  const merged: LoweredDispatch[] = [];
  let waiting: LoweredDispatch[] = [];
  const flush = () => {
    merged.push(...mergeIndependent(waiting));
    waiting = [];
  };
  for (const dispatch of hoist(dispatches)) {
    if (waiting.some((other) => conflict(other, dispatch))) flush();
    (dispatch.small ? waiting : merged).push(dispatch);
  }
  flush();
  return merged;
}

/**
 * Small dispatches that depend only on variables and each other come first; among them, those that
 * depend on none come before those that depend on these.
 */
function hoist(dispatches: readonly LoweredDispatch[]): LoweredDispatch[] {
  const levels: LoweredDispatch[][] = [];
  const rest: LoweredDispatch[] = [];
  for (const dispatch of dispatches) {
    if (!dispatch.small || rest.some((other) => conflict(other, dispatch))) {
      rest.push(dispatch);
      continue;
    }
    const level = levels.findLastIndex((others) =>
      others.some((other) => conflict(other, dispatch))
    );
    (levels[level + 1] ??= []).push(dispatch);
  }
  return [...levels.flat(), ...rest];
}

/** Whether the order of two dispatches matters: one writes what the other reads or writes. */
function conflict(a: LoweredDispatch, b: LoweredDispatch): boolean {
  const operands = Object.values(b.operands);
  return Object.values(a.operands).some((one) =>
    operands.some((other) => (one.write || other.write) && placesOverlap(one.ref, other.ref))
  );
}

/** Merges dispatches that may run in any order, into as few as the limits on bindings allow. */
function mergeIndependent(dispatches: readonly LoweredDispatch[]): LoweredDispatch[] {
  const groups: LoweredDispatch[][] = [];
  for (const dispatch of dispatches) {
    const group = groups.find((group) => isBindable([...group, dispatch]));
    if (group) group.push(dispatch);
    else groups.push([dispatch]);
  }
  return groups.map((group) => group.length === 1 ? group[0] : merge(group));
}

/** Whether dispatches can share bindings: few enough buffers, each of one element type. */
function isBindable(dispatches: readonly LoweredDispatch[]): boolean {
  const types = new Map<MemoryBuffer, string>();
  const haveOneType = dispatches.flatMap(({ operands }) => Object.values(operands))
    .every(({ ref, type }) => {
      const known = types.get(ref.buffer) ?? type;
      types.set(ref.buffer, known);
      return known === type;
    });
  const workgroups = dispatches.reduce((sum, { workgroups: [x] }) => sum + x, 0);
  return haveOneType && workgroups <= MAX_WORKGROUPS && types.size <= MAX_BUFFERS &&
    dispatches.length <= MAX_MEMBERS;
}

/** One dispatch that does the work of its members, each in workgroups of its own. */
function merge(members: readonly LoweredDispatch[]): LoweredDispatch {
  const operands: Record<string, Operand> = {};
  const constants: Record<string, Constants[string]> = {};
  const texts: string[] = [], calls: string[] = [];
  let first = 0;
  members.forEach((member, k) => {
    /** The merged text's name for `name` in the member's text. */
    const numbered = (name: string) => `${name}_${k}`;
    const names = Array.from(member.wgsl.matchAll(/^(?:fn|const) (\w+)/gm), ([, name]) => name);
    for (const [name, operand] of Object.entries(member.operands)) {
      operands[numbered(name)] = operand;
      names.push(operand.write ? storeName(name) : name);
    }
    for (const [name, value] of Object.entries(member.constants ?? {})) {
      constants[numbered(name)] = value;
      names.push(name);
    }
    texts.push(member.wgsl.replace(new RegExp(`\\b(${names.join("|")})\\b`, "g"), numbered));
    const end = first + member.items!;
    calls.push(`if (i >= ${first} && i < ${end}) { ${numbered("item")}(i - ${first}); }`);
    first += THREADS * member.workgroups[0];
  });
  return {
    ...itemGrid(first),
    name: [...new Set(members.map(({ name }) => name))].join(" + "),
    operands,
    items: first,
    constants,
    wgsl: `${texts.join("\n")}\nfn item(i: u32) {\n${calls.join("\n")}\n}`,
    flops: members.reduce((sum, { flops = 0 }) => sum + flops, 0),
    label: `${members.length} small dispatches`,
    bytes: members.reduce((sum, member) => sum + movedBytes(member), 0),
  };
}
