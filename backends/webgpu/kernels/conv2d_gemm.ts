/** Convolution as a matrix product whose first factor is read from the image, tap by tap. */
import type { ConvolutionGeometry, Pair } from "../../../ops/convolution_geometry.ts";
import { type Constants, coverByGroups, type Lowering, type Ref, storedBytes } from "../kernel.ts";
import type { AxisComponent } from "../../../ops/polyphase.ts";
import { readChannels } from "./channel_vector.ts";
import factors from "./conv2d_gemm.wgsl" with { type: "text" };
import forward from "./conv2d_gemm_forward.wgsl" with { type: "text" };
import inputGradient from "./conv2d_gemm_input_gradient.wgsl" with { type: "text" };
import { axisPhases, sourceImage } from "./correlation.ts";
import {
  factorBytes,
  type GemmExtents,
  type GemmForm,
  gemmShader,
  type GemmTile,
  tileThreads,
} from "./gemm.ts";
import { type TileVariant, tileVariants } from "./gemm_tiles.ts";
import { paddedChannels } from "./packed_weight.ts";

/** Extents that forward convolution and input gradient share. */
export interface Correlation {
  readonly name: string;
  readonly geometry: ConvolutionGeometry;
  /** `forward`: source is the input; `inputGradient`: source is the output's gradient. */
  readonly direction: "forward" | "inputGradient";
  readonly rows: readonly AxisComponent[];
  readonly columns: readonly AxisComponent[];
  readonly source: Ref;
  readonly result: Ref;
  /** Packed by {@link packWeight}. */
  readonly weight: Ref;
  readonly bias?: Ref;
}

/** Whether the channels of every group begin at a vector, so that groups are separate products. */
export function hasVectorGroups({ groups, inChannels, outChannels }: ConvolutionGeometry): boolean {
  return groups === 1 || (inChannels / groups % 4 === 0 && outChannels / groups % 4 === 0);
}

/** Extents of a correlation: source and result are input and output, or the other way round. */
export interface CorrelationExtents {
  readonly batch: number;
  /** Channels of a group of the input and of the output, as the packed weight has them. */
  readonly groupIn: number;
  readonly groupOut: number;
  /** Output channels of the packed weight. */
  readonly weightColumns: number;
  readonly sourceSize: Pair;
  readonly resultSize: Pair;
  readonly sourceChannels: number;
  readonly resultChannels: number;
  readonly groupSource: number;
  readonly groupResult: number;
}

/** The extents of a correlation, channels padded to whole vectors. */
export function correlationExtents({ geometry, direction }: Correlation): CorrelationExtents {
  const { batch, groups, inChannels, outChannels, inSize, outSize } = geometry;
  const inPadded = paddedChannels(inChannels), outPadded = paddedChannels(outChannels);
  const groupIn = groups === 1 ? inPadded : inChannels / groups;
  const groupOut = groups === 1 ? outPadded : outChannels / groups;
  const input = { size: inSize, channels: inPadded, group: groupIn };
  const output = { size: outSize, channels: outPadded, group: groupOut };
  const [source, result] = direction === "forward" ? [input, output] : [output, input];
  return {
    batch,
    groupIn,
    groupOut,
    weightColumns: outPadded,
    sourceSize: source.size,
    resultSize: result.size,
    sourceChannels: source.channels,
    resultChannels: result.channels,
    groupSource: source.group,
    groupResult: result.group,
  };
}

/** The tiles of {@link correlate} to choose from. */
export function correlationTiles(correlation: Correlation): TileVariant[] {
  return tileVariants(formOf(correlation), productExtents(correlation));
}

function formOf({ direction }: Correlation): GemmForm {
  return direction === "forward" ? "row" : "dot";
}

function phasesOf({ rows, columns }: Correlation) {
  return rows.flatMap((row) => columns.map((column) => ({ row, column })));
}

/** The extents of the largest of a correlation's products, one for each phase. */
function productExtents(correlation: Correlation): GemmExtents {
  const { batch, groupSource, groupResult } = correlationExtents(correlation);
  const phases = phasesOf(correlation);
  return {
    rows: Math.max(...phases.map(({ row, column }) => batch * row.positions * column.positions)),
    columns: groupResult,
    inner: Math.max(...phases.map(({ row, column }) => row.taps * column.taps)) * groupSource,
  };
}

/** Adds the phase of a forward convolution or input gradient. */
export function correlate(
  correlation: Correlation,
  tile: GemmTile,
  lowering: Lowering,
): void {
  const { name, geometry, direction, source, result, weight, bias } = correlation;
  const { groups, inChannels, outChannels } = geometry;
  const { batch, groupSource, groupResult } = correlationExtents(correlation);
  const phases = phasesOf(correlation);
  const positions = phases.map(({ row, column }) => batch * row.positions * column.positions);
  const columnTiles = Math.ceil(groupResult / tile.columns);
  const rowTiles = Math.ceil(Math.max(...positions) / tile.rows);
  const products = phases.reduce(
    (sum, { row, column }, i) => sum + positions[i] * row.taps * column.taps,
    0,
  );

  const { wgsl, constants } = gemmShader(formOf(correlation), tile, [
    sourceImage(paddingModeOf(correlation)),
    axisPhases(phases.map(({ row }) => row), phases.map(({ column }) => column)),
    addBias(correlation),
    factors,
    direction === "forward" ? forward : inputGradient,
  ]);
  lowering.dispatch({
    name,
    operands: {
      ...lowering.reads("vec4<f32>", { source, weight }),
      ...lowering.writes("vec4<f32>", { result }),
      ...lowering.reads("f32", { bias }),
    },
    workgroupSize: tileThreads(tile),
    // Tiles along x, where a grid may be long; the columns of one row of tiles run side by side.
    workgroups: coverByGroups(rowTiles * columnTiles, phases.length * groups),
    flops: 2 * products * (inChannels / groups) * outChannels,
    bytes: storedBytes(result, result.bytes) +
      groups * phases.reduce((sum, { row, column }, i) =>
          sum + factorBytes(
            {
              rows: positions[i],
              columns: groupResult,
              inner: row.taps * column.taps * groupSource,
            },
            tile,
            [storedBytes(source, 4), 4],
          ), 0),
    constants: {
      ...constants,
      ...correlationConstants(correlation),
      POSITION_STEP_Y: phases[0].row.positionStep,
      POSITION_STEP_X: phases[0].column.positionStep,
      RESULT_STEP_Y: phases[0].row.resultStep,
      RESULT_STEP_X: phases[0].column.resultStep,
      COLUMN_TILES: columnTiles,
    },
    wgsl,
  });
}

/** The constants of a correlation. */
export function correlationConstants(correlation: Correlation): Constants {
  const { geometry: { groups, kernelSize } } = correlation;
  const extents = correlationExtents(correlation);
  const { batch, groupIn, groupOut, groupSource, groupResult, sourceSize, resultSize } = extents;
  return {
    BATCH: batch,
    GROUPS: groups,
    GROUP_IN: groupIn,
    GROUP_OUT: groupOut,
    GROUP_SOURCE: groupSource,
    GROUP_RESULT: groupResult,
    KERNEL_WIDTH: kernelSize[1],
    WEIGHT_VECTORS: extents.weightColumns / 4,
    SOURCE_HEIGHT: sourceSize[0],
    SOURCE_WIDTH: sourceSize[1],
    SOURCE_VECTORS: extents.sourceChannels / 4,
    RESULT_HEIGHT: resultSize[0],
    RESULT_WIDTH: resultSize[1],
    RESULT_VECTORS: extents.resultChannels / 4,
  };
}

/** WGSL function `biased(value, channel)`: the results of four channels plus their bias. */
export function addBias({ bias, geometry: { outChannels } }: Correlation): string {
  return bias ? `${readChannels("bias", { width: 4, channels: outChannels })}\n${BIAS}` : NO_BIAS;
}

const BIAS = `
fn biased(value: vec4<f32>, channel: u32) -> vec4<f32> { return value + biasOf(channel); }`;
const NO_BIAS = `
fn biased(value: vec4<f32>, channel: u32) -> vec4<f32> { return value; }`;

/** The padding of a correlation; an input gradient's images have none beyond zeros. */
export function paddingModeOf({ geometry, direction }: Correlation) {
  return direction === "forward" ? geometry.paddingMode : "zeros";
}
