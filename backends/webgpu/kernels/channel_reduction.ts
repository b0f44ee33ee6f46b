/**
 * Reductions to one number a channel.
 *
 * A workgroup reads a stretch of pixels; neighbouring invocations hold neighbouring channels, so
 * that memory is read in order. Its invocations' states are combined pairwise. Where one workgroup
 * would have too much to do, several leave a state each, which a second dispatch combines. The order
 * depends on the shape alone, so every run gives the same bits.
 */
import {
  type Constants,
  isVectorAligned,
  type Lowering,
  MAX_WORKGROUPS,
  type Operand,
  type Ref,
} from "../kernel.ts";
import { type ChannelWidth, readChannels, storeChannels } from "./channel_vector.ts";
import wgsl from "./channel_reduction.wgsl" with { type: "text" };
import statesOf from "./channel_states.wgsl" with { type: "text" };
import { storeName } from "../wgsl.ts";

/** Invocations of a workgroup, at most. */
const GROUP = 256;
/** Channel lanes of a workgroup, at most. */
const MAX_LANES = 64;
/** Pixels an invocation reads before further workgroups are worth a second dispatch. */
const PIXELS_EACH = 16;
/** Most states that the second dispatch combines. */
const MAX_PARTS = 256;

/** A reduction of tensors [N, C, …] to numbers by channel. In its WGSL, `T` is f32 or vec4<f32>. */
export interface ChannelReduction {
  readonly name: string;
  /** Operands read pixel by pixel, all of one shape. */
  readonly pixelOperands: Readonly<Record<string, Ref>>;
  /** Operands with one number a channel; of operand `x`, `xOf(channel)` gives the numbers as a T. */
  readonly channelOperands: Readonly<Record<string, Ref>>;
  /** Of output `x`, `storeXOf(channel, value)` stores numbers. */
  readonly outputs: Readonly<Record<string, Ref>>;
  /** Fields of a state that are of type T. */
  readonly fields: readonly string[];
  /** WGSL of `State`, whose last field is `count: f32`, the pixels it is of, and of `combine(a, b)`. */
  readonly state: string;
  /** WGSL of `storeResults(lane, state)`. */
  readonly results: string;
  /**
   * WGSL of what makes a state of pixels: `begin(lane, pixel)` gives what an invocation needs of its
   * channels and its first pixel, `add(state, base, lane, pixel)` and `finish(state, base)` take it.
   */
  readonly pixels: string;
  /** A pixel operand whose numbers at the first pixel of all `storeResults` reads. */
  readonly origin?: string;
  readonly constants?: Constants;
}

/** How a reduction is spread over the GPU. */
export interface Grid extends ChannelWidth {
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

/** Adds the dispatches of a reduction over `pixels` pixels. */
export function reduceChannels(
  reduction: ChannelReduction,
  grid: Grid,
  pixels: number,
  lowering: Lowering,
): void {
  const { groupRows, lanes, width } = grid;
  const { fields } = reduction;
  const partsWanted = Math.ceil(pixels / (groupRows * PIXELS_EACH));
  const stretch = Math.ceil(pixels / Math.min(partsWanted, MAX_PARTS));
  const parts = Math.ceil(pixels / stretch);
  const type = width === 4 ? "vec4<f32>" : "f32";
  const pixelOperands = lowering.reads(type, reduction.pixelOperands);
  const channelOperands = lowering.reads("f32", reduction.channelOperands);
  const outputs = lowering.writes("f32", reduction.outputs);
  const fromPixels = { parts, items: pixels, stretch, reader: reduction.pixels };
  if (parts === 1) {
    const operands = { ...pixelOperands, ...channelOperands, ...outputs };
    addDispatch(reduction, grid, { ...fromPixels, operands, writer: STORE_RESULTS }, lowering);
    return;
  }
  const states = lowering.scratch(4 * width * fields.length * parts * lanes, "partial results");
  const place = (i: number) => `(${i} * PARTS + part) * LANES + lane`;
  const stores = fields.map((field, i) => `storeStates(${place(i)}, state.${field});`);
  addDispatch(reduction, grid, {
    ...fromPixels,
    operands: { ...pixelOperands, ...channelOperands, ...lowering.writes(type, { states }) },
    writer: `fn store(part: u32, lane: u32, state: State) {\n${stores.join("\n")}\n}`,
    constants: { PARTS: parts },
  }, lowering);
  addDispatch({ ...reduction, name: `${reduction.name} parts` }, grid, {
    parts: 1,
    items: parts,
    stretch: parts,
    operands: {
      ...lowering.reads(type, { states, ...originRef(reduction, 4 * width * lanes) }),
      ...channelOperands,
      ...outputs,
    },
    reader: [
      "fn stateOf(lane: u32, part: u32) -> State {",
      `return State(${fields.map((_, i) => `states(${place(i)})`).join(", ")}, countOf(part));`,
      "}",
      statesOf,
    ].join("\n"),
    writer: STORE_RESULTS,
    constants: { PARTS: parts, PIXELS: pixels, PART_PIXELS: stretch },
  }, lowering);
}

const STORE_RESULTS = `
fn store(part: u32, lane: u32, state: State) { storeResults(lane, state); }`;

/** What holds the origin, of which only the first pixel is read. */
function originRef(
  { origin, pixelOperands }: ChannelReduction,
  bytes: number,
): Record<string, Ref> {
  return origin === undefined ? {} : { [origin]: { ...pixelOperands[origin], bytes } };
}

/** A pass over pixels or states. */
interface Pass {
  readonly parts: number;
  /** Pixels or states, and how many of them a workgroup takes. */
  readonly items: number;
  readonly stretch: number;
  readonly operands: Record<string, Operand>;
  /** WGSL of `begin`, `add` and `finish`; see {@link ChannelReduction.pixels}. */
  readonly reader: string;
  /** WGSL of `store(part, lane, state)`. */
  readonly writer: string;
  readonly constants?: Constants;
}

function addDispatch(
  reduction: ChannelReduction,
  grid: Grid,
  { parts, items, stretch, operands, reader, writer, constants }: Pass,
  lowering: Lowering,
): void {
  const { width, lanes, groupLanes, groupRows } = grid;
  const blocks = Math.ceil(lanes / groupLanes);
  if (blocks > MAX_WORKGROUPS) throw new Error(`${reduction.name}: too many channels`);
  const outputs = Object.keys(reduction.outputs).filter((name) => name in operands);
  lowering.dispatch({
    name: reduction.name,
    operands,
    workgroupSize: groupLanes * groupRows,
    workgroups: [parts, blocks, 1],
    constants: {
      LANES: lanes,
      GROUP_LANES: groupLanes,
      GROUP_ROWS: groupRows,
      ITEMS: items,
      STRETCH: stretch,
      WIDTH: width,
      ...constants,
      ...reduction.constants,
    },
    wgsl: [
      `alias T = ${width === 4 ? "vec4<f32>" : "f32"};`,
      ...Object.keys(reduction.channelOperands).map((name) => readChannels(name, grid)),
      ...outputs.map((name) => storeChannels(`${storeName(name)}Of`, storeName(name), grid)),
      reduction.state,
      ...(outputs.length > 0 ? [reduction.results] : []),
      reader,
      writer,
      wgsl,
    ].join("\n"),
  });
}
