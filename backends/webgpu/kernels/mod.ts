/** All kernel families. */
import type { GraphNode } from "../../../graph/types.ts";
import { familyFinder } from "../../lowering.ts";
import type { KernelFamily } from "../kernel.ts";
import { adaptivePool } from "./adaptive_pooling.ts";
import { batchChanges } from "./batch_changes.ts";
import { channelMoves } from "./channel_moves.ts";
import { channelReductions } from "./channel_reductions.ts";
import { composeKernel } from "./compose_kernel.ts";
import { convolutions } from "./conv2d.ts";
import { convertLayout } from "./convert_layout.ts";
import { classification } from "./cross_entropy.ts";
import { dropoutMask } from "./dropout_mask.ts";
import { elementwise } from "./elementwise.ts";
import { gate } from "./gate.ts";
import { products } from "./matmul.ts";
import { pack } from "./pack.ts";
import { pools } from "./pooling.ts";
import { preprocess } from "./preprocess.ts";
import { rowNormalize } from "./row_normalize.ts";
import { softmaxes } from "./rows.ts";
import { segmentSums } from "./segment_sums.ts";
import { sums } from "./sums.ts";

/** Every family except the elementwise one, which lowers every op that has an expression. */
const FAMILIES: readonly KernelFamily[] = [
  adaptivePool,
  batchChanges,
  ...channelMoves,
  ...channelReductions,
  composeKernel,
  ...convolutions,
  convertLayout,
  ...classification,
  dropoutMask,
  gate,
  ...products,
  pack,
  ...pools,
  preprocess,
  ...rowNormalize,
  segmentSums,
  ...softmaxes,
  sums,
];

/** The family that lowers a node. Throws InputError for an op that has no kernel. */
export const familyOf: (node: GraphNode) => KernelFamily = familyFinder(
  "WebGPU",
  FAMILIES,
  elementwise,
);
