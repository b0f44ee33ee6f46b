/** All kinds of fuzzed files. */
import type { Kind } from "./kind.ts";
import { checkpoint } from "./kinds/checkpoint.ts";
import { folded } from "./kinds/folded.ts";
import { idxImages, idxLabels } from "./kinds/idx.ts";
import { jpeg } from "./kinds/jpeg.ts";
import { mat } from "./kinds/mat.ts";
import { onnx } from "./kinds/onnx.ts";
import { pickle } from "./kinds/pickle.ts";
import { bmp, gif, pnm, tiff, webp, webpAnimation } from "./kinds/pictures.ts";
import { parquet } from "./kinds/parquet.ts";
import { png } from "./kinds/png.ts";
import { safetensors } from "./kinds/safetensors.ts";
import { torch, torchHostile } from "./kinds/torch.ts";
import { tar } from "./kinds/tar.ts";
import { tarShard } from "./kinds/tar_shard.ts";
import { yaml } from "./kinds/yaml.ts";
import { zip } from "./kinds/zip.ts";

/** By name, in the order in which they are fuzzed. */
export const KINDS: Readonly<Record<string, Kind>> = {
  safetensors,
  checkpoint,
  folded,
  onnx,
  yaml,
  png,
  jpeg,
  webp,
  webp_animation: webpAnimation,
  gif,
  bmp,
  tiff,
  pnm,
  idx_images: idxImages,
  idx_labels: idxLabels,
  mat,
  pickle,
  torch,
  torch_hostile: torchHostile,
  tar,
  zip,
  tar_shard: tarShard,
  parquet,
};
