/** Forward convolution and input gradient as one operation; see `ops/polyphase.ts`. */
import type { ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import type { AxisComponent } from "../../../ops/polyphase.ts";
import type { DispatchRequest, Ref } from "../kernel.ts";
import { readChannels } from "./channel_vector.ts";
import { convolutionConstants, groupChannels, sourceVectors } from "./convolution.ts";
import wgsl from "./correlation.wgsl" with { type: "text" };

/** A forward convolution, or an input gradient with padding by zeros. */
export interface Correlation {
  readonly name: string;
  readonly geometry: ConvolutionGeometry;
  /** Whether the source is the input, not the output's gradient. */
  readonly isForward: boolean;
  readonly rows: readonly AxisComponent[];
  readonly columns: readonly AxisComponent[];
  readonly source: Ref;
  readonly result: Ref;
  /** Packed by {@link packWeight}. */
  readonly weight: Ref;
  readonly bias?: Ref;
}

/** Channels per group of a correlation's source and of its result. */
export function channelsOf(
  { geometry, isForward }: Correlation,
): { groupSource: number; groupResult: number } {
  const { groupIn, groupOut } = groupChannels(geometry);
  return isForward
    ? { groupSource: groupIn, groupResult: groupOut }
    : { groupSource: groupOut, groupResult: groupIn };
}

/** WGSL function `biasOf(channel)`: the bias of four channels. */
export function biasReader({ outChannels }: ConvolutionGeometry): string {
  return readChannels("bias", { width: 4, channels: outChannels });
}

/** The common parts of the dispatches of correlations; `wgsl` comes before the kernel's own. */
export function correlationParts(
  { geometry, isForward, source, weight, bias, result }: Correlation,
): Required<Pick<DispatchRequest, "reads" | "writes" | "constants" | "wgsl">> {
  return {
    reads: { "vec4<f32>": { source, weight }, f32: { bias } },
    writes: { "vec4<f32>": { result } },
    constants: { ...convolutionConstants(geometry, isForward), HAS_BIAS: bias !== undefined },
    wgsl: [
      sourceVectors(geometry, isForward),
      biasReader(geometry),
      wgsl,
    ].join("\n"),
  };
}
