/** The datasets by name. */
import { cifar10 } from "./cifar10.ts";
import { cifar100 } from "./cifar100.ts";
import type { DatasetEntry } from "./dataset.ts";
import { dtd } from "./dtd.ts";
import { eurosat } from "./eurosat.ts";
import { fashionMnist } from "./fashion_mnist.ts";
import { flowers102 } from "./flowers102.ts";
import { food101 } from "./food101.ts";
import { imageFolder } from "./image_folder.ts";
import { imageList } from "./image_list.ts";
import { imagenet } from "./imagenet.ts";
import { imagenette } from "./imagenette.ts";
import { imagewoof } from "./imagewoof.ts";
import { kmnist } from "./kmnist.ts";
import { mnist } from "./mnist.ts";
import { oxfordIiitPet } from "./oxford_iiit_pet.ts";
import { parquet } from "./parquet.ts";
import { pascalVoc } from "./pascal_voc.ts";
import { stl10 } from "./stl10.ts";
import { svhn } from "./svhn.ts";
import { synthetic } from "./synthetic.ts";
import { syntheticMultiLabel } from "./synthetic_multi_label.ts";
import { tarShards } from "./tar_shards.ts";
import { tinyImagenet } from "./tiny_imagenet.ts";

/** The datasets by the names that configs use. */
export const DATASETS = {
  mnist,
  fashion_mnist: fashionMnist,
  kmnist,
  cifar10,
  cifar100,
  svhn,
  stl10,
  eurosat,
  imagenette,
  imagewoof,
  flowers102,
  oxford_iiit_pet: oxfordIiitPet,
  food101,
  dtd,
  tiny_imagenet: tinyImagenet,
  image_folder: imageFolder,
  image_list: imageList,
  tar_shards: tarShards,
  parquet,
  pascal_voc: pascalVoc,
  imagenet,
  synthetic,
  synthetic_multi_label: syntheticMultiLabel,
} satisfies Record<string, DatasetEntry>;

/** The names of all datasets. */
export function datasetNames(): string[] {
  return Object.keys(DATASETS);
}
