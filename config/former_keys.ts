/**
 * Keys that configs had once. They are moved to where they are now before a config is validated, in
 * files as in the configs that checkpoints store, so that old ones keep working.
 */

import { stringify } from "yaml";
import { doConvFormerKeys } from "../layers/convolutions/do_conv_former.ts";
import type { FormerKey, Mapping } from "../schema/former_keys.ts";
import { isRecord } from "../schema/record.ts";

/** All of them. */
export const FORMER_KEYS: readonly FormerKey[] = [
  {
    path: "data.synthetic",
    isFormer: isRecord,
    move({ value, holder }) {
      const { dataset } = holder;
      holder.dataset = {
        ...(isRecord(dataset) ? dataset : { name: dataset }),
        ...value as Mapping,
      };
    },
    hint: (value) =>
      `now options of the dataset: write dataset: ${
        inYaml({ name: "synthetic", ...value as Mapping })
      }`,
  },
  {
    path: "data.augmentation",
    isFormer: isRecord,
    move({ value, holder }) {
      holder.augmentation = augmentationList(value as Mapping);
    },
    hint: (value) =>
      `now a list: write augmentation: ${inYaml(augmentationList(value as Mapping))}`,
  },
  ...doConvFormerKeys("do_conv"),
  {
    path: "training.labelSmoothing",
    move({ value, holder }) {
      const objective = holder.objective ?? "classification";
      holder.objective = isRecord(objective)
        ? { labelSmoothing: value, ...objective }
        : { name: objective, labelSmoothing: value };
    },
    hint: (value) =>
      "now an option of the objective: write objective: " +
      inYaml({ name: "classification", labelSmoothing: value }),
  },
];

function augmentationList({ crop, flip }: Mapping): unknown[] {
  return [
    ...(crop === undefined ? [] : [{ name: "random_crop", ...crop as Mapping }]),
    ...(flip ? ["horizontal_flip"] : []),
  ];
}

/** A value as it is written on one line. */
function inYaml(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
}
