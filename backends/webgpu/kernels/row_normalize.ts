/** Normalisation of rows by their own mean and variance, and its gradient: one workgroup a row. */
import { type GraphNode, sizeOf } from "../../../graph/types.ts";
import type { GroupNormalizeAttributes } from "../../../ops/row_normalize.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import { combineThreads } from "./reduce.ts";
import { addRowPhase, eachClass } from "./rows.ts";

/** Rows are the channels of a pixel, channels last, or a group of channels of an image, plain. */
function lower({ op, inputs, outputs: [output], attributes }: GraphNode, lowering: Lowering): void {
  const { eps, groups } = attributes as GroupNormalizeAttributes;
  const gradient = op.name.endsWith("Gradient");
  const { batch, channels, paddedChannels, pixels, order } = lowering.layout(output);
  const inGroup = sizeOf(output.shape) / batch / groups;
  const [rows, length, step] = order === "plain"
    ? [batch * groups, inGroup, inGroup]
    : [batch * pixels, channels, paddedChannels];
  const [x, dy] = inputs.toReversed();
  addRowPhase(op.name, [rows, length], {
    ...lowering.reads("f32", { x, dy }),
    ...lowering.writes("f32", { y: output }),
  }, ({ x, dy, y }, threads) => {
    const place = `row * ${step}u + c`;
    const globals: string[] = [];
    /** WGSL of the mean over the row of a term. */
    const mean = (name: string, term: string) => {
      const combined = combineThreads(name, "f32", threads);
      globals.push(combined.globals);
      return `
var ${name} = 0.0f;
${eachClass(length, threads, `${name} += ${term};`)}
${combined.statements}
${name} *= ${float(1 / length)};`;
    };
    // Counted from the row's first number, so that what all have in common costs no precision.
    const counted = `(${x.at(place)} - origin)`;
    const distance = `(${counted} - centre)`;
    const main = [
      `let origin = ${x.at(`row * ${step}u`)};`,
      mean("centre", counted),
      mean("variance", `${distance} * ${distance}`),
      `let stretch = 1.0f / sqrt(variance + ${float(eps)});`,
      ...(gradient
        ? [mean("level", dy.at(place)), mean("slope", `${dy.at(place)} * ${distance} * stretch`)]
        : []),
    ];
    const value = gradient
      ? `(${dy.at(place)} - level - ${distance} * stretch * slope) * stretch`
      : `${distance} * stretch`;
    const stored = step > length ? `select(0.0f, ${value}, c < ${length}u)` : value;
    return {
      globals: globals.join("\n"),
      main: [...main, eachClass(step, threads, y.set(place, stored))].join("\n"),
    };
  }, lowering);
}

function family(op: string, order: "plain" | "channelsLast"): KernelFamily {
  return {
    ops: [op, `${op}Gradient`],
    orders: ({ inputs, outputs }) => ({
      inputs: inputs.map(() => order),
      outputs: outputs.map(() => order),
    }),
    lower,
  };
}

/** `pixelNormalize`, `groupNormalize` and their gradients. */
export const rowNormalize: readonly KernelFamily[] = [
  family("pixelNormalize", "channelsLast"),
  family("groupNormalize", "plain"),
];
