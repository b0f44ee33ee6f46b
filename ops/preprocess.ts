/**
 * Converts u8 pixels to the network's normalized input, with the crop and flip drawn for training.
 */
import { finite, listOf, MAX_EXTENT, MAX_SIDE, whole } from "../graph/attribute_rules.ts";
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type GraphNode, type Op, sizeOf, type Value } from "../graph/types.ts";
import { InputError } from "../errors.ts";
import { requireDType, requireIntegers, requireRank, requireShape } from "./checks.ts";

/** Mean and standard deviation of each channel, of pixels scaled to [0, 1]. */
export interface ChannelStatistics {
  /** One number per channel. */
  readonly mean: readonly number[];
  /** One number per channel, above 0. */
  readonly std: readonly number[];
}

export interface PreprocessAttributes extends ChannelStatistics {
  /** Rows and columns of zero pixels on every side of the image that is cropped. */
  readonly padding: number;
}

/** The number that ONNX gives the element type f32. */
const ONNX_FLOAT = 1;

/** `(pixels / 255 - mean) / std`, channels first; f32 whatever the precision of the rest. */
function onnxNormalize(
  graph: OnnxNodes,
  [pixels]: readonly string[],
  { attributes: { mean, std } }: GraphNode,
): string {
  const scaled = (values: readonly number[], name: string) =>
    graph.floats32(values.map((value) => 255 * value), [values.length, 1, 1], name);
  const floats = graph.node("Cast", [pixels], { to: ONNX_FLOAT });
  const planes = graph.node("Transpose", [floats], { perm: [0, 3, 1, 2] });
  const centred = graph.node("Sub", [planes, scaled(mean, "mean")]);
  return graph.node("Div", [centred, scaled(std, "std")]);
}

export const preprocessOp: Op<PreprocessAttributes> = {
  name: "preprocess",
  inputNames: ["pixels", "transforms"],
  inputCount: () => [1, 2],
  inference: {
    attributes: {
      padding: whole(0, MAX_SIDE),
      mean: listOf(finite(), { most: MAX_EXTENT }),
      std: listOf(finite(), { most: MAX_EXTENT }),
    },
    onnx: onnxNormalize,
  },
  infer([pixels, transforms], { padding, mean, std }) {
    requireDType("preprocess", "pixels", pixels, "u8");
    requireRank("preprocess", "pixels", pixels.shape, 4, "[batch, height, width, channels]");
    const [batch, height, width, channels] = pixels.shape;
    if (transforms) {
      requireDType("preprocess", "transforms", transforms, "i32");
      requireShape("preprocess", "transforms", transforms.shape, [batch, 3]);
    }
    requireIntegers("preprocess", "padding", [padding], 0);
    for (const [name, values] of Object.entries({ mean, std })) {
      if (values.length !== channels) {
        throw new InputError(
          `preprocess: ${name} has ${values.length} numbers; the pixels have ${channels} channels`,
        );
      }
    }
    return [{ shape: [batch, channels, height, width], dtype: "f32" }];
  },
  evaluate([pixels, transforms], { padding, mean, std }, [type]) {
    const [batch, height, width, channels] = pixels.shape;
    const output = new Float64Array(sizeOf(type.shape));
    let at = 0;
    for (let n = 0; n < batch; n++) {
      const [offsetY, offsetX, flip] = transforms
        ? transforms.data.subarray(3 * n, 3 * n + 3)
        : [padding, padding, 0];
      for (let c = 0; c < channels; c++) {
        for (let y = 0; y < height; y++) {
          const row = y + offsetY - padding;
          for (let x = 0; x < width; x++) {
            const column = (flip ? width - 1 - x : x) + offsetX - padding;
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            const pixel = inside
              ? pixels.data[((n * height + row) * width + column) * channels + c]
              : 0;
            output[at++] = (pixel / 255 - mean[c]) / std[c];
          }
        }
      }
    }
    return [output];
  },
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [{ shape: [2, 5, 4, 3], dtype: "u8" }, { shape: [2, 3], dtype: "i32" }],
    attributes: { padding: 1, mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] },
  }],
};

interface PreprocessOptions extends ChannelStatistics {
  /** Rows and columns of zero pixels around the image before it is cropped. Default 0. */
  readonly padding?: number;
}

/**
 * `pixels` [N, H, W, C] u8, cropped, flipped and normalized to f32 [N, C, H, W]. `transforms`
 * [N, 3] i32 holds for each image the first row and column, each 0 to 2·padding, of the H×W crop
 * of the image padded with zero pixels, and whether the crop is then flipped left to right (0 or
 * 1); without it the image stays as it is. A pixel p becomes `(p / 255 - mean) / std` of its
 * channel; padding counts as p = 0. Matches torchvision's RandomCrop(padding), RandomHorizontalFlip,
 * ToTensor and Normalize with those draws. Throws InputError where shapes or options do not fit.
 */
export function preprocess(
  pixels: Operand,
  transforms: Operand | undefined,
  { padding = 0, mean, std }: PreprocessOptions,
): Value {
  const operands = transforms ? [pixels, transforms] : [pixels];
  return apply(preprocessOp, operands, { padding, mean, std })[0];
}
