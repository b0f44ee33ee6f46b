/** Pieces of WGSL that the kernels of convolutions share. */
import type { ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import type { AxisComponent } from "../../../ops/polyphase.ts";
import axis from "./axis_phase.wgsl" with { type: "text" };
import image from "./source_image.wgsl" with { type: "text" };

/** Functions `borderAt(i, size)`: the row or column that one beyond the border copies. */
const BORDERS: Readonly<Record<ConvolutionGeometry["paddingMode"], string>> = {
  zeros: `
fn borderAt(i: i32, size: i32) -> i32 { return i; }`,
  replicate: `
fn borderAt(i: i32, size: i32) -> i32 { return clamp(i, 0, size - 1); }`,
  reflect: `
fn borderAt(i: i32, size: i32) -> i32 {
  return select(select(i, -i, i < 0), 2 * (size - 1) - i, i > size - 1);
}`,
  circular: `
fn borderAt(i: i32, size: i32) -> i32 { return (i + size) % size; }`,
};

/**
 * WGSL of the image that a convolution reads: of `SOURCE_HEIGHT` rows, `SOURCE_WIDTH` columns and
 * `SOURCE_VECTORS` elements a pixel.
 */
export function sourceImage(paddingMode: ConvolutionGeometry["paddingMode"]): string {
  return `${BORDERS[paddingMode]}\n${image}`;
}

/** WGSL functions `rowPhase(i)` and `columnPhase(i)`, the i-th phases of an axis. */
export function axisPhases(
  rows: readonly AxisComponent[],
  columns: readonly AxisComponent[],
): string {
  const select = (name: string, phases: readonly AxisComponent[]) => {
    const [first, ...others] = phases.map((phase) =>
      `AxisPhase(${phase.positions}, ${phase.taps}, ${phase.firstSource}, ${phase.tapStep}, ` +
      `${phase.firstTap}, ${phase.kernelStep}, ${phase.firstResult})`
    );
    const cases = others.map((phase, i) => `case ${i + 1}: { phase = ${phase}; }`);
    return `
fn ${name}(i: u32) -> AxisPhase {
  var phase = ${first};
  switch i { ${cases.join(" ")} default: {} }
  return phase;
}`;
  };
  return [axis, select("rowPhase", rows), select("columnPhase", columns)].join("\n");
}
