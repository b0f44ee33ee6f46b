/** From a dataset and an objective to what a network's file says of it. */
import type { DatasetInfo } from "../datasets/dataset.ts";
import { DEFAULT_THRESHOLD } from "../networks/activation.ts";
import type { NetworkDescription } from "../networks/network.ts";
import type { Objective } from "./objectives/objective.ts";
import { type ObjectiveChoice, objectiveOf } from "./objectives/registry.ts";

/**
 * Describes a network that was trained on a dataset for an objective, for `foldModel`. Throws
 * InputError for an objective that there is not.
 *
 * ```ts
 * import { describeNetwork, openDataset } from "./mod.ts";
 *
 * const { info } = await openDataset("synthetic_multi_label");
 * console.log(describeNetwork("resnet18", info, "multi_label").activation); // sigmoid
 * ```
 *
 * @param model its name
 * @param images what it was trained on; the statistics are those that pixels were normalised with
 * @param choice what it was trained for: that of its recipe
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
