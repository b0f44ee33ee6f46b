/** Convolution as a matrix product whose first factor is read from the image, tap by tap. */
import type { ConvolutionGeometry, Pair } from "../../../ops/convolution_geometry.ts";
import { coverByGroups, type Lowering, type Ref, storedBytes } from "../kernel.ts";
import type { AxisPhase } from "../../../ops/correlation_phases.ts";
import { borderFunctions, isInside, pixelPlace, selectNumber } from "./correlation.ts";
import {
  type Factor,
  factorBytes,
  gemmCode,
  type GemmExtents,
  type GemmForm,
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
  readonly rows: readonly AxisPhase[];
  readonly columns: readonly AxisPhase[];
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
  const { groups, inChannels, outChannels, kernelSize } = geometry;
  const isForward = direction === "forward";
  const extents = correlationExtents(correlation);
  const { batch, groupIn, groupOut, groupSource, groupResult, sourceSize, resultSize } = extents;
  const { sourceChannels, resultChannels, weightColumns } = extents;

  const phases = phasesOf(correlation);
  const positions = phases.map(({ row, column }) => batch * row.positions * column.positions);
  const columnTiles = Math.ceil(groupResult / tile.columns);
  const rowTiles = Math.ceil(Math.max(...positions) / tile.rows);
  const products = phases.reduce(
    (sum, { row, column }, i) => sum + positions[i] * row.taps * column.taps,
    0,
  );

  const grid = coverByGroups(rowTiles * columnTiles, phases.length * groups);
  lowering.phase({
    name,
    operands: {
      ...lowering.reads("vec4<f32>", { source, weight }),
      ...lowering.writes("vec4<f32>", { result }),
      ...lowering.reads("f32", { bias }),
    },
    workgroupSize: tileThreads(tile),
    // Tiles along x, where a grid may be long; the columns of one row of tiles run side by side.
    workgroups: grid.workgroups,
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
    code: ({ source, weight, result, bias }) => {
      const declare = (key: keyof AxisPhase, name = (axis: string) => key + axis) => [
        selectNumber(name("Row"), phases.map(({ row }) => row[key]), "phase"),
        selectNumber(name("Column"), phases.map(({ column }) => column[key]), "phase"),
      ];
      const numbers = [
        ...declare("positions", (axis) => `position${axis}s`),
        ...declare("taps", (axis) => `tap${axis}s`),
        ...(["firstSource", "tapStep", "firstTap", "kernelStep", "firstResult"] as const)
          .flatMap((key) => declare(key)),
      ];
      const [{ row: anyRow, column: anyColumn }] = phases;
      const sourceVectors = groupSource / 4;
      const isMapped = isForward && geometry.paddingMode !== "zeros";
      const mapped = (map: string, index: string) => isMapped ? `${map}(${index})` : index;
      const tap = `
let tap = i32(innerVector / ${sourceVectors}u);
let tapRow = tap / max(tapColumns, 1i);
let tapColumn = tap % max(tapColumns, 1i);`;
      const innerVector = (inner: string) => `(stretch * ${tile.inner / 4}u + ${inner} / 4u)`;
      const a: Factor = (place, inner, id) => {
        const image = `image${id}`;
        const first = pixelPlace(sourceSize, sourceChannels / 4, { image });
        const vector = `groupIndex * ${sourceVectors}u + innerVector % ${sourceVectors}u`;
        return {
          prepare: `
let position${id} = firstPosition + ${place};
let ${image} = position${id} / u32(positionRows * positionColumns);
let row${id} = i32(position${id} / u32(positionColumns)) % positionRows * ${anyRow.positionStep}i + firstSourceRow;
let column${id} = i32(position${id}) % positionColumns * ${anyColumn.positionStep}i + firstSourceColumn;
let inside${id} = position${id} < positions;`,
          load: `
let innerVector = ${innerVector(inner)};
${tap}

let y = ${mapped("rowAt", `row${id} + tapRow * tapStepRow`)};
let x = ${mapped("columnAt", `column${id} + tapColumn * tapStepColumn`)};
if (inside${id} & (innerVector < innerVectors) & ${isInside(sourceSize)}) {
  value = ${source.at(`${first} + ${vector}`)};
}`,
        };
      };
      const kernelTap = `u32((firstTapRow + tapRow * kernelStepRow) * ${kernelSize[1]}i + ` +
        `firstTapColumn + tapColumn * kernelStepColumn)`;
      // The vector of four outputs at one tap and input channel; the input gradient sums along it.
      const b: Factor = (place, inner, id) => {
        const [inputs, outputs] = isForward
          ? [`innerPlace % ${groupSource}u`, `(groupIndex * ${groupOut}u + result${id}) / 4u`]
          : [
            `result${id}`,
            `groupIndex * ${groupOut / 4}u + innerVector % ${sourceVectors}u`,
          ];
        const row = `(${kernelTap} * ${groupIn}u + ${inputs}) * ${weightColumns / 4}u`;
        return {
          prepare: `let result${id} = firstColumnOfTile + ${place};`,
          load: `
${
            isForward
              ? `let innerPlace = stretch * ${tile.inner}u + ${inner};\nlet innerVector = innerPlace / 4u;`
              : `let innerVector = ${innerVector(inner)};`
          }
${tap}
if ((innerVector < innerVectors) & (result${id} < ${groupResult}u)) {
  value = ${weight.at(`${row} + ${outputs}`)};
}`,
        };
      };
      const resultPixel = pixelPlace(resultSize, resultChannels / 4);
      const { globals, main } = gemmCode({
        form: formOf(correlation),
        tile,
        setup: `
let phase = group.z / ${groups}u;
let groupIndex = group.z % ${groups}u;
${numbers.join("\n")}
let tileIndex = ${grid.index};
let firstPosition = tileIndex / ${columnTiles}u * ${tile.rows}u;
let firstColumnOfTile = tileIndex % ${columnTiles}u * ${tile.columns}u;
let positions = ${batch}u * u32(positionRows * positionColumns);
let innerVectors = u32(tapRows * tapColumns) * ${sourceVectors}u;`,
        stretches: `(innerVectors + ${tile.inner / 4 - 1}u) / ${tile.inner / 4}u`,
        a,
        b,
        store: `
let position = firstPosition + row;
let channel = firstColumnOfTile + column;
if ((position < positions) & (channel < ${groupResult}u)) {
  let image = position / u32(positionRows * positionColumns);
  let y = i32(position / u32(positionColumns)) % positionRows * ${anyRow.resultStep}i + firstResultRow;
  let x = i32(position) % positionColumns * ${anyColumn.resultStep}i + firstResultColumn;
  let place = ${resultPixel} + (groupIndex * ${groupResult}u + channel) / 4u;
  ${result.set("place", bias ? biased(bias.at, groupOut, outChannels) : "value")}
}`,
      });
      return { globals: [isMapped ? borderFunctions(geometry) : "", globals].join("\n"), main };
    },
  });
}

/** WGSL of the result plus the bias of its channels, of which the last vector may have fewer than four. */
export function biased(
  at: (index: string) => string,
  groupOut: number,
  outChannels: number,
): string {
  const lanes = [0, 1, 2, 3].map((lane) =>
    at(`min(groupIndex * ${groupOut}u + channel + ${lane}u, ${outChannels - 1}u)`)
  );
  return `value + vec4<f32>(${lanes.join(", ")})`;
}
