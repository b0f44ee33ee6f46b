/**
 * The order of dispatches, and which phases share one. A network has dozens of phases that take
 * longer to start than to run: composing a kernel, moving a running mean. Those that do not depend
 * on each other are brought together and become one dispatch, a few workgroups for each.
 */
import type { LoweredPhase } from "./lowered_program.ts";
import {
  type Accessor,
  MAX_WORKGROUPS,
  type MemoryBuffer,
  movedBytes,
  type PhaseOperand,
  type Ref,
} from "./kernel.ts";

/** Most buffers that a joined dispatch binds: as many as every adapter offers. */
const MAX_BUFFERS = 8;
/** Most phases in a dispatch: each adds to the shader's text. */
const MAX_MEMBERS = 64;

/** The same work in fewer dispatches. */
export function schedulePhases(phases: readonly LoweredPhase[]): LoweredPhase[] {
  const scheduled: LoweredPhase[] = [];
  let waiting: LoweredPhase[] = [];
  const flush = () => {
    scheduled.push(...joinPhases(waiting));
    waiting = [];
  };
  for (const phase of hoist(phases)) {
    if (waiting.some((other) => conflict(other, phase))) flush();
    (phase.small ? waiting : scheduled).push(phase);
  }
  flush();
  return scheduled;
}

/**
 * Small phases that depend on nothing but variables and each other come first; among them, those that
 * depend on none before those that depend on these.
 */
function hoist(phases: readonly LoweredPhase[]): LoweredPhase[] {
  const levels: LoweredPhase[][] = [];
  const rest: LoweredPhase[] = [];
  for (const phase of phases) {
    if (!phase.small || rest.some((other) => conflict(other, phase))) {
      rest.push(phase);
      continue;
    }
    const level = levels.findLastIndex((others) => others.some((other) => conflict(other, phase)));
    (levels[level + 1] ??= []).push(phase);
  }
  return [...levels.flat(), ...rest];
}

/** Whether the order of two phases matters: one writes what the other reads or writes. */
function conflict(a: LoweredPhase, b: LoweredPhase): boolean {
  const operands = Object.values<PhaseOperand>(b.operands);
  return Object.values<PhaseOperand>(a.operands).some((one) =>
    operands.some((other) => (one.write || other.write) && overlap(one.ref, other.ref))
  );
}

function overlap(a: Ref, b: Ref): boolean {
  return a.buffer === b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/** Phases that may run in any order, in as few dispatches as bindings allow. */
function joinPhases(phases: readonly LoweredPhase[]): LoweredPhase[] {
  const groups: LoweredPhase[][] = [];
  for (const phase of phases) {
    const group = groups.find((group) => isBindable([...group, phase]));
    if (group) group.push(phase);
    else groups.push([phase]);
  }
  return groups.map((group) => group.length === 1 ? group[0] : join(group));
}

/** Whether phases can share bindings: few enough buffers, each of one element type. */
function isBindable(phases: readonly LoweredPhase[]): boolean {
  const types = new Map<MemoryBuffer, string>();
  const operands = phases.flatMap(({ operands }) => Object.values<PhaseOperand>(operands));
  const haveOneType = operands.every(({ ref, type }) => {
    const known = types.get(ref.buffer) ?? type;
    types.set(ref.buffer, known);
    return known === type;
  });
  const workgroups = phases.reduce((sum, { workgroups: [x] }) => sum + x, 0);
  return haveOneType && workgroups <= MAX_WORKGROUPS && types.size <= MAX_BUFFERS &&
    phases.length <= MAX_MEMBERS &&
    phases.every(({ workgroupSize }) => workgroupSize === phases[0].workgroupSize);
}

/** One phase that does what the members do; each has workgroups of its own. */
function join(members: readonly LoweredPhase[]): LoweredPhase {
  const operands: Record<string, PhaseOperand> = {};
  members.forEach((member, i) => {
    for (const [name, operand] of Object.entries<PhaseOperand>(member.operands)) {
      operands[`${name}${i}`] = operand;
    }
  });
  const firsts: number[] = [0];
  members.forEach(({ workgroups }, i) => firsts.push(firsts[i] + workgroups[0]));
  const names = [...new Set(members.map(({ name }) => name))];
  return {
    name: names.join(" + "),
    label: `${members.length} small phases`,
    operands,
    workgroupSize: members[0].workgroupSize,
    workgroups: [firsts[members.length], 1, 1],
    flops: members.reduce((sum, { flops = 0 }) => sum + flops, 0),
    bytes: members.reduce((sum, member) => sum + movedBytes(member), 0),
    code: (accessors) => ({
      main: members.map((member, i) => {
        const own: Record<string, Accessor> = {};
        for (const name of Object.keys(member.operands)) own[name] = accessors[`${name}${i}`];
        return `
if (group.x >= ${firsts[i]}u && group.x < ${firsts[i + 1]}u) {
let group = group - vec3<u32>(${firsts[i]}u, 0u, 0u);
${member.code(own).main}
}`;
      }).join(""),
    }),
  };
}
