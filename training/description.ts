import type { DatasetInfo } from "../datasets/dataset.ts";
import { DEFAULT_THRESHOLD } from "../networks/activation.ts";
import type { NetworkDescription } from "../networks/network.ts";
import type { Objective } from "./objectives/objective.ts";
import { type ObjectiveChoice, objectiveOf } from "./objectives/registry.ts";

/**
 * Describes a network that was trained on a dataset for an objective, for `foldModel`. Throws
 * InputError for an unknown objective.
 *
 * ```ts
 * import { describeNetwork, openDataset } from "./mod.ts";
 *
 * const { info } = await openDataset("synthetic_multi_label");
 * console.log(describeNetwork("resnet18", info, "multi_label").activation); // sigmoid
 * ```
 *
 * @param model the model's name
 * @param images the training images; their statistics normalized the pixels
 * @param choice the objective of its recipe
 */
export function describeNetwork(
  model: string,
  images: Pick<DatasetInfo, "imageShape" | "statistics" | "classNames" | "transforms">,
  choice: ObjectiveChoice | Objective,
): NetworkDescription {
  const { imageShape, statistics, classNames, transforms } = images;
  const { activation, threshold } = objectiveOf(choice, classNames.length, { classNames });
  return {
    model,
    input: imageShape,
    normalization: statistics,
    classNames,
    ...(activation === "softmax" ? {} : { activation }),
    ...(threshold === undefined || threshold === DEFAULT_THRESHOLD ? {} : { threshold }),
    ...(transforms ? { transforms } : {}),
  };
}
