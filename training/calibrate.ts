/** Calibrating a folded network: the temperature that fits images it was not trained on. */
import type { Backend } from "../backends/backend.ts";
import type { ImageSource } from "../datasets/image_source.ts";
import { InputError } from "../errors.ts";
import type { FoldedNetwork } from "../networks/network.ts";
import { evaluateNetwork, type EvaluateOptions } from "./evaluate.ts";
import { Calibration } from "./metrics/calibration.ts";
import { fitTemperature, negativeLogLikelihood } from "./temperature.ts";

/** How well probabilities match the classes of images. */
export interface CalibrationFigures {
  /** The mean negative log-likelihood. */
  readonly loss: number;
  /** In 15 bins of confidence, 0 to 1; see {@link Calibration}. */
  readonly expectedCalibrationError: number;
}

/** What {@link calibrateNetwork} found. */
export interface CalibrationResult {
  /** The divisor of the logits: `temperature` of the network's description. */
  readonly temperature: number;
  /** Images it was fitted on. */
  readonly count: number;
  /** Of the network without a temperature. */
  readonly before: CalibrationFigures;
  /** Of the network with this one. */
  readonly after: CalibrationFigures;
}

/**
 * Fits the temperature of a network (Guo et al. 2017): the one with the least mean negative
 * log-likelihood of the images' classes. A temperature that the network has already does not count.
 *
 * @param images with `labels`; none that the network was trained on
 * @throws InputError for a network of several classes per image, and as {@link evaluateNetwork};
 *   RunError where no temperature from 0.01 to 100 is the best
 */
export async function calibrateNetwork(
  network: FoldedNetwork,
  images: ImageSource,
  backend: Backend,
  options: Pick<EvaluateOptions, "batchSize" | "onProgress"> = {},
): Promise<CalibrationResult> {
  const { temperature: _, ...description } = network.description;
  if (description.activation === "sigmoid") {
    throw new InputError(
      `${description.model} decides each class separately, by a threshold; a temperature is for ` +
        "networks that assign one class to each image",
    );
  }
  const classes = description.classNames.length;
  const logits = new Float32Array(images.count * classes);
  const labels = new Int32Array(images.count);
  let count = 0;
  await evaluateNetwork({ ...network, description }, images, backend, {
    ...options,
    objective: "classification",
    tally: {
      add(rows, targets) {
        const found = targets.labels.length;
        logits.set(rows.subarray(0, found * classes), count * classes);
        labels.set(targets.labels, count);
        count += found;
      },
    },
  });
  const temperature = fitTemperature(logits, labels);
  const figures = (temperature: number): CalibrationFigures => {
    const calibration = new Calibration(classes);
    calibration.add(logits.map((logit) => logit / temperature), { labels });
    return {
      loss: negativeLogLikelihood(logits, labels, temperature),
      expectedCalibrationError: calibration.expectedError(),
    };
  };
  return { temperature, count, before: figures(1), after: figures(temperature) };
}
