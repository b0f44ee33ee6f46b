/**
 * Reductions to one number per channel.
 *
 * A workgroup reads a range of pixels; adjacent invocations have adjacent channels, so that memory
 * is read in order. The states of its invocations are combined pairwise. If one workgroup would
 * have too much to do, several store one state each, which a second dispatch combines. The order
 * depends only on the shape, so every run gives the same bits.
 */
import type { Layout } from "../../layout.ts";
import {
  type Constants,
  type DispatchRequest,
  isVectorAligned,
  type Lowering,
  MAX_WORKGROUPS,
  type Ref,
} from "../kernel.ts";
import { storeName } from "../wgsl.ts";
import wgsl from "./channel_reduction.wgsl" with { type: "text" };
import statesOf from "./channel_states.wgsl" with { type: "text" };
import { type ChannelWidth, readChannels, storeChannels } from "./channel_vector.ts";

/** Most invocations per workgroup. Measure: `deno task kernel channelMoments --backend webgpu`. */
const GROUP = 256;
/** Most channel lanes per workgroup. */
const MAX_LANES = 64;
/** Pixels that an invocation reads before a second dispatch pays. */
const PIXELS_EACH = 16;
/** Most states that the second dispatch combines. */
const MAX_PARTS = 256;

type Refs = Readonly<Record<string, Ref>>;

/** A reduction of tensors [N, C, …] to numbers by channel. In its WGSL, `T` is f32 or vec4<f32>. */
export interface ChannelReduction {
  readonly name: string;
  /** Operands read pixel by pixel, all of one shape. */
  readonly pixelOperands: Refs;
  /** Operands with one number per channel: `xOf(channel)` gives those of operand `x` as a T. */
  readonly channelOperands: Readonly<Record<string, Ref | undefined>>;
  /** Outputs: `storeXOf(channel, value)` stores numbers of output `x`. */
  readonly outputs: Refs;
  /** Fields of a state that are of type T. */
  readonly fields: readonly string[];
  /** WGSL of `State`, whose last field, `count: f32`, counts its pixels, and `combine(a, b)`. */
  readonly state: string;
  /** WGSL of `storeResults(lane, state)`. */
  readonly results: string;
  /**
   * WGSL that makes a state from pixels: `begin(lane, pixel)` returns a base, which depends on an
   * invocation's channels and first pixel; `add(state, base, lane, pixel)`; `finish(state, base)`.
   */
  readonly pixels: string;
  /** A pixel operand of which `storeResults` reads the first pixel. */
  readonly origin?: string;
  readonly constants?: Constants;
}

/** How a reduction is distributed over the GPU. */
interface Grid extends ChannelWidth {
  /** Vectors (or floats, if the width is 1) of a pixel. */
  readonly lanes: number;
  readonly groupLanes: number;
  readonly groupRows: number;
}

function planGrid(pixelRefs: readonly Ref[], { channels, paddedChannels }: Layout): Grid {
  const width = paddedChannels % 4 === 0 && pixelRefs.every(isVectorAligned) ? 4 : 1;
  const lanes = paddedChannels / width;
  const groupLanes = Math.min(lanes, MAX_LANES);
  const groupRows = 2 ** Math.floor(Math.log2(GROUP / groupLanes));
  return { width, channels, lanes, groupLanes, groupRows };
}

/** Adds the dispatches of a reduction of pixel operands with this layout. */
export function reduceChannels(
  reduction: ChannelReduction,
  layout: Layout,
  lowering: Lowering,
): void {
  const grid = planGrid(Object.values(reduction.pixelOperands), layout);
  const { groupRows, lanes, width } = grid;
  const pixels = layout.batch * layout.pixels;
  const { name, fields, pixelOperands, outputs, origin } = reduction;
  const partsWanted = Math.ceil(pixels / (groupRows * PIXELS_EACH));
  const stretch = Math.ceil(pixels / Math.min(partsWanted, MAX_PARTS));
  const parts = Math.ceil(pixels / stretch);
  const fromPixels = { name, parts, items: pixels, stretch, reads: pixelOperands };
  if (parts === 1) {
    const writes = { f32: outputs };
    const wgsl = [reduction.pixels, reduction.results, STORE_RESULTS];
    return addPass(reduction, grid, { ...fromPixels, writes, wgsl }, lowering);
  }
  const states = lowering.scratch(4 * width * fields.length * parts * lanes, "partial results");
  const place = (i: number) => `(${i} * PARTS + part) * LANES + lane`;
  const stores = fields.map((field, i) => `storeStates(${place(i)}, state.${field});`);
  const loads = fields.map((_, i) => `states(${place(i)})`);
  const constants = { PARTS: parts, PIXELS: pixels, PART_PIXELS: stretch };
  addPass(reduction, grid, {
    ...fromPixels,
    writes: { [typeOf(grid)]: { states } },
    constants,
    wgsl: [
      reduction.pixels,
      `fn store(part: u32, lane: u32, state: State) {\n${stores.join("\n")}\n}`,
    ],
  }, lowering);
  // Of the origin's operand only the first pixel is read.
  const origins = origin && { [origin]: { ...pixelOperands[origin], bytes: 4 * width * lanes } };
  addPass(reduction, grid, {
    name: `${name} parts`,
    parts: 1,
    items: parts,
    stretch: parts,
    reads: { states, ...origins },
    writes: { f32: outputs },
    constants,
    wgsl: [
      `fn stateOf(lane: u32, part: u32) -> State {
  return State(${loads.join(", ")}, countOf(part));
}`,
      statesOf,
      reduction.results,
      STORE_RESULTS,
    ],
  }, lowering);
}

const STORE_RESULTS = `
fn store(part: u32, lane: u32, state: State) { storeResults(lane, state); }`;

function typeOf({ width }: Grid) {
  return width === 4 ? "vec4<f32>" : "f32";
}

/** A dispatch over pixels or states. */
interface Pass extends Pick<DispatchRequest, "name" | "writes" | "constants"> {
  readonly parts: number;
  /** Number of pixels or states, and of those that a workgroup combines. */
  readonly items: number;
  readonly stretch: number;
  readonly reads: Refs;
  /** WGSL of `begin`, `add` and `finish`, and of `store(part, lane, state)`. */
  readonly wgsl: readonly string[];
}

function addPass(
  reduction: ChannelReduction,
  grid: Grid,
  pass: Pass,
  lowering: Lowering,
): void {
  const { width, lanes, groupLanes, groupRows } = grid;
  const { channelOperands } = reduction;
  const blocks = Math.ceil(lanes / groupLanes);
  if (blocks > MAX_WORKGROUPS) throw new Error(`${reduction.name}: too many channels`);
  const type = typeOf(grid);
  lowering.dispatch({
    name: pass.name,
    reads: type === "f32"
      ? { f32: { ...pass.reads, ...channelOperands } }
      : { [type]: pass.reads, f32: channelOperands },
    writes: pass.writes,
    workgroupSize: groupLanes * groupRows,
    workgroups: [pass.parts, blocks, 1],
    constants: {
      LANES: lanes,
      GROUP_LANES: groupLanes,
      GROUP_ROWS: groupRows,
      COUNT: pass.items,
      STRETCH: pass.stretch,
      WIDTH: width,
      ...pass.constants,
      ...reduction.constants,
    },
    wgsl: [
      `alias T = ${type};`,
      ...Object.keys(channelOperands).map((name) => readChannels(name, grid)),
      ...Object.keys(pass.writes.f32 ?? {}).filter((name) => name !== "states")
        .map((name) => storeChannels(`${storeName(name)}Of`, storeName(name), grid)),
      reduction.state,
      ...pass.wgsl,
      wgsl,
    ].join("\n"),
  });
}
