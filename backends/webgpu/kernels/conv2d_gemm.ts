/** Convolution as a matrix product whose first factor is read from the image, tap by tap. */
import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import type { AxisComponent } from "../../../ops/polyphase.ts";
import { coverByGroups, type Lowering, storedBytes } from "../kernel.ts";
import wgsl from "./conv2d_gemm.wgsl" with { type: "text" };
import { axisConstants } from "./convolution.ts";
import { channelsOf, type Correlation, correlationParts } from "./correlation.ts";
import { factorBytes, type GemmExtents, type GemmForm, gemmShader, type GemmTile } from "./gemm.ts";
import { type TileVariant, tileVariants } from "./gemm_tiles.ts";

/** Whether every group's channels begin at a vector, so that groups are separate products. */
export function hasVectorGroups({ groups, inChannels, outChannels }: ConvolutionGeometry): boolean {
  return groups === 1 || (inChannels / groups % 4 === 0 && outChannels / groups % 4 === 0);
}

/** The tiles of {@link correlate} to choose from. */
export function correlationTiles(correlation: Correlation): TileVariant[] {
  const products = productsOf(correlation);
  return tileVariants(formOf(correlation), {
    rows: Math.max(...products.map(({ rows }) => rows)),
    columns: products[0].columns,
    inner: Math.max(...products.map(({ inner }) => inner)),
  });
}

function formOf({ isForward }: Correlation): GemmForm {
  return isForward ? "row" : "dot";
}

function componentsOf({ rows, columns }: Correlation) {
  return rows.flatMap((row) => columns.map((column) => ({ row, column })));
}

/** The product of each component. */
function productsOf(correlation: Correlation): GemmExtents[] {
  const { groupSource, groupResult } = channelsOf(correlation);
  return componentsOf(correlation).map(({ row, column }) => ({
    rows: correlation.geometry.batch * row.positions * column.positions,
    columns: groupResult,
    inner: row.taps * column.taps * groupSource,
  }));
}

/** Adds the dispatch of a forward convolution or input gradient. */
export function correlate(correlation: Correlation, tile: GemmTile, lowering: Lowering): void {
  const { name, geometry, source, result } = correlation;
  const parts = correlationParts(correlation);
  const components = componentsOf(correlation), products = productsOf(correlation);
  const columnTiles = Math.ceil(products[0].columns / tile.columns);
  const rowTiles = Math.ceil(Math.max(...products.map(({ rows }) => rows)) / tile.rows);
  const bytes = products.map((product) => factorBytes(product, tile, [storedBytes(source, 4), 4]));
  const gemm = gemmShader(formOf(correlation), tile, [parts.wgsl, wgsl]);
  lowering.dispatch({
    ...parts,
    ...gemm,
    name,
    // Tiles along x, the axis that may be long; the columns of a row of tiles run side by side.
    workgroups: coverByGroups(rowTiles * columnTiles, components.length * geometry.groups),
    flops: convolutionFlops(geometry),
    bytes: storedBytes(result, result.bytes) +
      geometry.groups * bytes.reduce((sum, bytes) => sum + bytes),
    constants: {
      ...gemm.constants,
      ...parts.constants,
      ...axisConstants(components[0].row, components[0].column),
      COLUMN_TILES: columnTiles,
      COMPONENTS: components.length,
      ROW_COMPONENTS: axisComponents(components.map(({ row }) => row)),
      COLUMN_COMPONENTS: axisComponents(components.map(({ column }) => column)),
    },
  });
}

/** WGSL of an array of components. */
function axisComponents(components: readonly AxisComponent[]): string {
  const texts = components.map((axis) =>
    `AxisComponent(${axis.positions}, ${axis.taps}, ${axis.firstSource}, ${axis.tapStep}, ` +
    `${axis.firstTap}, ${axis.kernelStep}, ${axis.firstResult})`
  );
  return `array<AxisComponent, ${components.length}>(${texts.join(", ")})`;
}
