/**
 * Reductions to one number a channel.
 *
 * A workgroup reads a stretch of pixels; neighbouring invocations hold neighbouring channels, so
 * that memory is read in order. Its invocations' states are combined pairwise. Where one workgroup
 * would have too much to do, several leave a state each, which a second phase combines. The order
 * depends on the shape alone, so every run gives the same bits.
 */
import {
  type Accessor,
  isVectorAligned,
  type Lowering,
  MAX_WORKGROUPS,
  type PhaseOperand,
  type Ref,
} from "../kernel.ts";
import { channelVector, storeChannels } from "./channel_vector.ts";

/** Invocations of a workgroup, at most. */
const GROUP = 256;
/** Channel lanes of a workgroup, at most. */
const MAX_LANES = 64;
/** Pixels an invocation reads before further workgroups are worth a second phase. */
const PIXELS_EACH = 16;
/** Most states that the second phase combines. */
const MAX_PARTS = 256;

/** A reduction of tensors [N, C, …] to numbers by channel. WGSL throughout; `T` is f32 or vec4<f32>. */
export interface ChannelReduction {
  readonly name: string;
  /** Operands read pixel by pixel, all of one shape. */
  readonly pixelOperands: Readonly<Record<string, Ref>>;
  /** Operands with one number a channel, declared as variables of their names when needed. */
  readonly channelOperands: Readonly<Record<string, Ref>>;
  readonly outputs: Readonly<Record<string, Ref>>;
  /** Fields of a state, all of type T. */
  readonly fields: readonly string[];
  /** Statements that add the pixel's values, named as the operands, to the variables of the fields. */
  readonly accumulate: string;
  /** Expressions of the fields of two states `a` and `b` combined. Default: their sums. */
  readonly combine?: Readonly<Record<string, string>>;
  /** A pixel operand whose values at the first pixel of all are declared as `origin` throughout. */
  readonly origin?: string;
  /** Statements before the first pixel; the values of that pixel are named as the operands. */
  readonly begin?: string;
  /** Statements after the last pixel; the number of pixels is `count: f32`. */
  readonly end?: string;
  /** Expression of each output by the fields and channel operands. */
  readonly results: Readonly<Record<string, string>>;
}

/** How a reduction is spread over the GPU. */
export interface Grid {
  readonly width: 1 | 4;
  readonly channels: number;
  /** Vectors (or floats, if the width is 1) of a pixel. */
  readonly lanes: number;
  readonly groupLanes: number;
  readonly groupRows: number;
}

/** Spreads the reduction of operands of so many channels a pixel. */
export function planGrid(
  pixelRefs: readonly Ref[],
  paddedChannels: number,
  channels: number,
): Grid {
  const isVector = paddedChannels % 4 === 0 && pixelRefs.every(isVectorAligned);
  const width = isVector ? 4 : 1;
  const lanes = paddedChannels / width;
  const groupLanes = Math.min(lanes, MAX_LANES);
  const groupRows = 2 ** Math.floor(Math.log2(GROUP / groupLanes));
  return { width, channels, lanes, groupLanes, groupRows };
}

/** Adds the phases of a reduction over `pixels` pixels. */
export function reduceChannels(
  reduction: ChannelReduction,
  grid: Grid,
  pixels: number,
  lowering: Lowering,
): void {
  const { groupRows, lanes, width } = grid;
  const { fields } = reduction;
  const store = (accessors: Accessors) => storeResults(reduction, grid, accessors);
  const partsWanted = Math.ceil(pixels / (groupRows * PIXELS_EACH));
  const stretch = Math.ceil(pixels / Math.min(partsWanted, MAX_PARTS));
  const parts = Math.ceil(pixels / stretch);
  const type = grid.width === 4 ? "vec4<f32>" : "f32";
  const pixelOperands = lowering.reads(type, reduction.pixelOperands);
  const channelOperands = lowering.reads("f32", reduction.channelOperands);
  const outputs = lowering.writes("f32", reduction.outputs);
  const readPixels: Reader = {
    items: pixels,
    stretch,
    code: (accessors) => {
      const read = Object.keys(pixelOperands).map((name) =>
        `let ${name} = ${accessors[name].at(`item * ${lanes}u + lane`)};`
      ).join("\n");
      return {
        begin: reduction.begin ? `let item = min(first, last);\n${read}\n${reduction.begin}` : "",
        each: `${read}\n${reduction.accumulate}\ncount += 1.0f;`,
        end: reduction.end ?? "",
      };
    },
  };
  if (parts === 1) {
    const operands = { ...pixelOperands, ...channelOperands, ...outputs };
    return addPhase(reduction, grid, readPixels, 1, operands, store, lowering);
  }
  const states = lowering.scratch(4 * width * fields.length * parts * lanes, "partial results");
  const place = (field: number, part: string) => `(${field * parts}u + ${part}) * ${lanes}u + lane`;
  addPhase(
    reduction,
    grid,
    readPixels,
    parts,
    { ...pixelOperands, ...channelOperands, ...lowering.writes(type, { states }) },
    ({ states }) =>
      fields.map((field, i) => states.set(place(i, "group.x"), `state.${field}`)).join("\n"),
    lowering,
  );
  const counted = `f32(min(${stretch}u, ${pixels}u - item * ${stretch}u))`;
  const readStates: Reader = {
    items: parts,
    stretch: parts,
    code: ({ states }) => ({
      begin: "",
      each: `
let other = State(${fields.map((_, i) => states.at(place(i, "item"))).join(", ")}, ${counted});
let merged = combine(State(${fields.join(", ")}, count), other);
${fields.map((field) => `${field} = merged.${field};`).join("\n")}
count = merged.count;`,
      end: "",
    }),
  };
  addPhase(
    { ...reduction, name: `${reduction.name} parts` },
    grid,
    readStates,
    1,
    {
      ...lowering.reads(type, { states, ...originRef(reduction, 4 * width * lanes) }),
      ...channelOperands,
      ...outputs,
    },
    store,
    lowering,
  );
}

/** What holds the origin, of which only the first pixel is read. */
function originRef(
  { origin, pixelOperands }: ChannelReduction,
  bytes: number,
): Record<string, Ref> {
  return origin === undefined ? {} : { [origin]: { ...pixelOperands[origin], bytes } };
}

type Accessors = Readonly<Record<string, Accessor>>;

/** What the invocations of a workgroup go through: pixels or states. */
interface Reader {
  readonly items: number;
  /** Items of a workgroup. */
  readonly stretch: number;
  code(accessors: Accessors): { begin: string; each: string; end: string };
}

function addPhase(
  reduction: ChannelReduction,
  grid: Grid,
  reader: Reader,
  parts: number,
  operands: Record<string, PhaseOperand>,
  store: (accessors: Accessors) => string,
  lowering: Lowering,
): void {
  const { width, channels, lanes, groupLanes, groupRows } = grid;
  const { fields, combine } = reduction;
  const type = width === 4 ? "vec4<f32>" : "f32";
  const used = Object.keys(reduction.channelOperands).filter((name) => name in operands);
  const blocks = Math.ceil(lanes / groupLanes);
  if (blocks > MAX_WORKGROUPS) throw new Error(`${reduction.name}: too many channels`);
  lowering.phase({
    name: reduction.name,
    operands,
    workgroupSize: groupLanes * groupRows,
    workgroups: [parts, blocks, 1],
    code: (accessors) => {
      const { begin, each, end } = reader.code(accessors);
      const loadChannels = used.map((name) =>
        `let ${name} = ${channelVector(accessors[name], "channel", width, channels)};`
      );
      const combined = fields.map((field) => combine?.[field] ?? `a.${field} + b.${field}`);
      const tree = [];
      for (let distance = groupRows / 2; distance >= 1; distance /= 2) {
        tree.push(
          `if (row < ${distance}u) { shared_states[thread] = ` +
            `combine(shared_states[thread], shared_states[thread + ${distance * groupLanes}u]); }`,
          "workgroupBarrier();",
        );
      }
      return {
        globals: `
alias T = ${type};
struct State { ${fields.map((field) => `${field}: T, `).join("")}count: f32 }
var<workgroup> shared_states: array<State, ${groupLanes * groupRows}>;
fn combine(a: State, b: State) -> State {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0f);
  return State(${combined.join(", ")}, count);
}`,
        main: `
let lane = min(group.y * ${groupLanes}u + thread % ${groupLanes}u, ${lanes - 1}u);
let row = thread / ${groupLanes}u;
let channel = lane * ${width}u;
let first = group.x * ${reader.stretch}u + row;
let last = min((group.x + 1u) * ${reader.stretch}u, ${reader.items}u) - 1u;
${loadChannels.join("\n")}
${reduction.origin ? `let origin = ${accessors[reduction.origin].at("lane")};` : ""}
${fields.map((field) => `var ${field} = T();`).join("\n")}
var count = 0.0f;
${begin}
for (var item = first; item <= last; item += ${groupRows}u) {
${each}
}
${end}
shared_states[thread] = State(${fields.join(", ")}, count);
workgroupBarrier();
${tree.join("\n")}
if (row == 0u && group.y * ${groupLanes}u + thread < ${lanes}u) {
let state = shared_states[thread];
${store(accessors)}
}`,
      };
    },
  });
}

function storeResults(
  { fields, results, outputs }: ChannelReduction,
  { width, channels }: Grid,
  accessors: Accessors,
): string {
  return [
    ...fields.map((field) => `let total_${field} = state.${field};`),
    ...Object.keys(outputs).flatMap((name) => [
      `let result_${name} = ${results[name]};`,
      storeChannels(accessors[name], "channel", `result_${name}`, width, channels),
    ]),
  ].join("\n");
}
