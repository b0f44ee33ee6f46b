/** The part of a report about a network's results on its run's validation images. */

import type { Backend } from "../../backends/backend.ts";
import type { LoadedNetwork } from "../../checkpoints/load.ts";
import { imageSize, type ImageSource } from "../../datasets/image_source.ts";
import { encodePng } from "../../files/encode_png.ts";
import { emptyRaster, type Raster } from "../../files/raster.ts";
import { resample } from "../../files/resample.ts";
import type { EvaluationData, MistakeData } from "../../pages/report/data.ts";
import { formatNumberOf } from "../../reporting/format.ts";
import { isRecord } from "../../schema/record.ts";
import type { ConfusionMatrix } from "../../training/confusion.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
import { classScores } from "../../training/metrics/decisions.ts";
import { formatMetric, lossLast } from "../../training/metrics/metric.ts";
import { type Mistake, Mistakes } from "../../training/mistakes.ts";
import type { EvaluationReport } from "../../training/objectives/objective.ts";
import type { Context } from "../command.ts";
import { objectiveFor } from "../load_data.ts";
import { evaluating, type ValidationImages, warnOfReplaced } from "../validation_images.ts";

/** Numbers of a class that reports call by other names. */
const TITLES: Readonly<Record<string, string>> = {
  count: "images",
  correct: "right",
  f1: "F1",
  averagePrecision: "average precision",
};

/** Those that are numbers of images. */
const COUNTS: readonly string[] = ["count", "correct"];

/** Largest side of an image in a report, in pixels. */
const SIDE = 64;

/**
 * Evaluates a network.
 *
 * @param path its file
 * @param most number of mistakes of each kind to show
 */
export async function evaluationData(
  path: string,
  network: LoadedNetwork,
  { file, info, validation }: ValidationImages,
  backend: Backend,
  most: number,
  { progress }: Context,
): Promise<EvaluationData> {
  const objective = objectiveFor(file, info);
  const { classNames } = network.description;
  const report = objective.report(classNames);
  const mistakes = objective.judge && new Mistakes(objective.judge, most);
  const metrics = await evaluateNetwork(network, validation, backend, {
    objective,
    batchSize: file.config.data.evalBatchSize,
    onProgress: evaluating(validation.count, progress),
    tally: {
      add(logits, targets) {
        report.add(logits, targets);
        mistakes?.add(logits, targets);
      },
    },
  });
  progress.finish();
  warnOfReplaced(validation, progress);
  return {
    about: `${path} on ${formatNumberOf(metrics.count, "image")} of ${info.name}, computed by ` +
      backend.description,
    results: lossLast(Object.keys(objective.metrics)).map((name) => {
      const info = objective.metrics[name];
      return [info.title, formatMetric(info, metrics[name])];
    }),
    classNames,
    perClass: perClassOf(report),
    confusion: report.confusion && confusionsOf(report.confusion),
    calibration: report.calibration && {
      error: report.calibration.expectedError(),
      temperature: network.description.temperature,
      what: report.confusion ? "images" : "probabilities",
      bins: report.calibration.bins(),
    },
    mistakes: mistakes && await shownMistakes(mistakes, validation),
  };
}

/** A report's numbers for each class, including those derived from a confusion matrix. */
function perClassOf(report: EvaluationReport): EvaluationData["perClass"] {
  const { perClass } = report.details();
  if (!Array.isArray(perClass) || !perClass.every(isRecord)) return { columns: [], rows: [] };
  const { confusion } = report;
  const scores = confusion ? classScores(confusion.decisions()) : [];
  const classes = perClass.map(({ name: _, ...numbers }, c): Record<string, unknown> => {
    if (!scores[c]) return numbers;
    // Recall is already there, as accuracy.
    const { precision, f1 } = scores[c];
    return { ...numbers, precision, f1 };
  });
  const names = Object.keys(classes[0] ?? {});
  return {
    columns: names.map((name) => ({
      title: TITLES[name] ?? name,
      unit: COUNTS.includes(name) ? "count" : "share",
    })),
    rows: classes.map((row) =>
      names.map((name) => {
        const value = row[name];
        return typeof value === "number" && Number.isFinite(value) ? value : null;
      })
    ),
  };
}

function confusionsOf({ counts }: ConfusionMatrix): EvaluationData["confusion"] {
  const cells = counts.flatMap((row, label) =>
    row.flatMap((count, predicted) => count === 0 ? [] : [[label, predicted, count] as const])
  );
  return cells.sort((a, b) => b[2] - a[2]);
}

async function shownMistakes(
  { count, worst, surest }: Mistakes,
  images: ImageSource,
): Promise<NonNullable<EvaluationData["mistakes"]>> {
  const all = new Map([...worst, ...surest].map((mistake) => [mistake.image, mistake]));
  const shown: MistakeData[] = [];
  for (const { isMistake: _, ...mistake } of all.values()) {
    const pixels = new Uint8Array(imageSize(images.shape));
    await images.read(mistake.image, 0, pixels);
    const picture = await encodePng(thumbnail({ ...images.shape, data: pixels }));
    shown.push({ ...mistake, picture: picture.toBase64() });
  }
  const places = (list: readonly Mistake[]) =>
    list.map(({ image }) => shown.findIndex((other) => other.image === image));
  return { count, of: images.count, worst: places(worst), surest: places(surest), shown };
}

/** An image scaled down if too large, in color if it has three channels, else its first. */
function thumbnail(picture: Raster): Raster {
  const { height, width, channels } = picture;
  const factor = Math.min(1, SIDE / Math.max(height, width));
  const size = {
    height: Math.max(1, Math.round(factor * height)),
    width: Math.max(1, Math.round(factor * width)),
  };
  const whole = { top: 0, left: 0, height, width };
  const small = factor === 1 ? picture : resample(picture, whole, size, "bilinear");
  if (channels === 1 || channels === 3) return small;
  const grey = emptyRaster(size.height, size.width, 1);
  return { ...grey, data: grey.data.map((_, i) => small.data[i * channels]) };
}
