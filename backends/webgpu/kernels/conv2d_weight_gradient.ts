/**
 * The weight gradient of a convolution as a matrix product over output positions: rows are taps and
 * input channels, columns output channels. Positions are split into stretches that workgroups sum
 * separately, so that a small kernel still fills a GPU; a second phase adds the partial sums in a
 * fixed order, so that every run gives the same bits.
 */
import type { ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type Lowering, type Ref, storedBytes } from "../kernel.ts";
import { paddedChannels } from "./packed_weight.ts";
import { borderFunctions, isInside, pixelPlace } from "./correlation.ts";
import { factorBytes, gemmCode, type GemmTile, tileThreads } from "./gemm.ts";
import { type TileVariant, tileVariants } from "./gemm_tiles.ts";

/** Workgroups that fill a large GPU. */
const WANTED_WORKGROUPS = 512;
/** Fewest stretches of positions a workgroup sums: fewer would not pay for the partial sum. */
const MIN_STRETCHES = 8;

/** How the sum over positions is split. */
interface Split {
  readonly parts: number;
  /** Positions of a part, whole stretches. */
  readonly positions: number;
}

function splitPositions(positions: number, tiles: number, { inner }: GemmTile): Split {
  const stretches = Math.ceil(positions / inner);
  const wanted = Math.min(
    Math.ceil(WANTED_WORKGROUPS / tiles),
    Math.ceil(stretches / MIN_STRETCHES),
  );
  const stretchesEach = Math.ceil(stretches / wanted);
  return { parts: Math.ceil(stretches / stretchesEach), positions: stretchesEach * inner };
}

/** Extents of a weight gradient, channels padded to whole vectors. */
export interface WeightExtents {
  /** Vectors of a pixel of the input and of the output. */
  readonly inVectors: number;
  readonly outVectors: number;
  /** Channels of a group. */
  readonly groupIn: number;
  readonly groupOut: number;
  readonly taps: number;
}

/** The extents of a weight gradient; partial sums are [parts, groups, taps · groupIn, groupOut]. */
export function weightExtents(
  { groups, inChannels, outChannels, kernelSize }: ConvolutionGeometry,
): WeightExtents {
  const inVectors = paddedChannels(inChannels) / 4;
  const outVectors = paddedChannels(outChannels) / 4;
  return {
    inVectors,
    outVectors,
    groupIn: groups === 1 ? 4 * inVectors : inChannels / groups,
    groupOut: groups === 1 ? 4 * outVectors : outChannels / groups,
    taps: kernelSize[0] * kernelSize[1],
  };
}

/** What a weight gradient reads and writes. */
export interface WeightGradientRefs {
  /** Channels last. */
  readonly input: Ref;
  readonly outputGradient: Ref;
  /** Plain [O, I/groups, kH, kW]. */
  readonly result: Ref;
}

/** The tiles of {@link weightGradient} to choose from. */
export function weightTiles(geometry: ConvolutionGeometry): TileVariant[] {
  const { groupIn, groupOut, taps } = weightExtents(geometry);
  const extents = { rows: taps * groupIn, columns: groupOut, inner: positionsOf(geometry) };
  return tileVariants("outer", extents, true);
}

function positionsOf({ batch, outSize }: ConvolutionGeometry): number {
  return batch * outSize[0] * outSize[1];
}

/** Adds the phases. Groups must begin at whole vectors. */
export function weightGradient(
  geometry: ConvolutionGeometry,
  tile: GemmTile,
  { input, outputGradient, result }: WeightGradientRefs,
  lowering: Lowering,
): void {
  const { groups, inChannels, outChannels, inSize, outSize, kernelSize } = geometry;
  const { stride, padding, dilation, paddingMode } = geometry;
  const { groupIn, groupOut, inVectors, outVectors, taps } = weightExtents(geometry);
  const rows = taps * groupIn;
  const positions = positionsOf(geometry);
  const rowTiles = Math.ceil(rows / tile.rows);
  const columnTiles = Math.ceil(groupOut / tile.columns);
  const split = splitPositions(positions, rowTiles * columnTiles * groups, tile);
  const partial = lowering.scratch(4 * split.parts * groups * rows * groupOut, "partial sums");
  const isMapped = paddingMode !== "zeros";

  lowering.phase({
    name: "conv2dWeightGradient",
    operands: {
      ...lowering.reads("vec4<f32>", { input, dy: outputGradient }),
      ...lowering.writes("vec4<f32>", { partial }),
    },
    workgroupSize: tileThreads(tile),
    workgroups: [rowTiles * columnTiles, groups, split.parts],
    flops: 2 * positions * taps * (inChannels / groups) * outChannels,
    bytes: partial.bytes +
      groups * factorBytes({ rows, columns: groupOut, inner: positions }, tile, [
          storedBytes(input, 4),
          storedBytes(outputGradient, 4),
        ]),
    code: ({ input, dy, partial }) => {
      const inputPixel = pixelPlace(inSize, inVectors);
      const partialRow = `((group.z * ${groups}u + group.y) * ${rows}u + kernelRow) * ${
        groupOut / 4
      }u`;
      const { globals, main } = gemmCode({
        form: "outer",
        tile,
        setup: `
let firstRowOfTile = group.x / ${columnTiles}u * ${tile.rows}u;
let firstColumnOfTile = group.x % ${columnTiles}u * ${tile.columns}u;
let firstPosition = group.z * ${split.positions}u;
let endPosition = min(firstPosition + ${split.positions}u, ${positions}u);`,
        stretches: `(endPosition - firstPosition + ${tile.inner - 1}u) / ${tile.inner}u`,
        a: (place, inner, id) => ({
          prepare: `
let kernelRow${id} = firstRowOfTile + ${place};
let tap${id} = i32(kernelRow${id} / ${groupIn}u);
let tapRow${id} = tap${id} / ${kernelSize[1]}i * ${dilation[0]}i - ${padding[0]}i;
let tapColumn${id} = tap${id} % ${kernelSize[1]}i * ${dilation[1]}i - ${padding[1]}i;`,
          load: `
let position = firstPosition + stretch * ${tile.inner}u + ${inner};
let image = position / ${outSize[0] * outSize[1]}u;
var y = i32(position / ${outSize[1]}u % ${outSize[0]}u) * ${stride[0]}i + tapRow${id};
var x = i32(position % ${outSize[1]}u) * ${stride[1]}i + tapColumn${id};
${isMapped ? "y = rowAt(y); x = columnAt(x);" : ""}
if ((position < endPosition) & (kernelRow${id} < ${rows}u) & ${isInside(inSize)}) {
  value = ${
            input.at(
              `${inputPixel} + group.y * ${groupIn / 4}u + kernelRow${id} % ${groupIn}u / 4u`,
            )
          };
}`,
        }),
        b: (place, inner, id) => ({
          prepare: `let channel${id} = firstColumnOfTile + ${place};`,
          load: `
let position = firstPosition + stretch * ${tile.inner}u + ${inner};
if ((position < endPosition) & (channel${id} < ${groupOut}u)) {
  value = ${dy.at(`position * ${outVectors}u + (group.y * ${groupOut}u + channel${id}) / 4u`)};
}`,
        }),
        store: `
let kernelRow = firstRowOfTile + row;
let channel = firstColumnOfTile + column;
if ((kernelRow < ${rows}u) & (channel < ${groupOut}u)) {
  ${partial.set(`${partialRow} + channel / 4u`, "value")}
}`,
      });
      return { globals: [isMapped ? borderFunctions(geometry) : "", globals].join("\n"), main };
    },
  });
  addPartialSums(geometry, partial, split.parts, result, lowering);
}

/** Adds the parts, first to last, and puts the sums into the kernel's order. */
export function addPartialSums(
  geometry: ConvolutionGeometry,
  partial: Ref,
  parts: number,
  result: Ref,
  lowering: Lowering,
): void {
  const { groups, inChannels, outChannels } = geometry;
  const { groupIn, groupOut, taps } = weightExtents(geometry);
  const realIn = inChannels / groups, realOut = outChannels / groups;
  const partElements = groups * taps * groupIn * groupOut;
  lowering.eachItem({
    name: "addPartialSums",
    operands: { ...lowering.reads("f32", { partial }), ...lowering.writes("f32", { result }) },
    items: outChannels * realIn * taps,
    // Invocations follow the order of the partial sums, of which there are more than results.
    main: ({ partial, result }) => `
let o = i % ${realOut}u;
let c = i / ${realOut}u % ${realIn}u;
let tap = i / ${realOut * realIn}u % ${taps}u;
let g = i / ${realOut * realIn * taps}u;
let place = ((g * ${taps}u + tap) * ${groupIn}u + c) * ${groupOut}u + o;
var sum = 0.0f;
for (var part = 0u; part < ${parts}u; part++) {
  sum += ${partial.at(`part * ${partElements}u + place`)};
}
${result.set(`((g * ${realOut}u + o) * ${realIn}u + c) * ${taps}u + tap`, "sum")}`,
  });
}
