/** The part of a report about a network's results on its run's validation images. */

import type { Backend } from "../../backends/backend.ts";
import type { LoadedNetwork } from "../../checkpoints/load.ts";
import { imageSize, type ImageSource } from "../../datasets/image_source.ts";
import { encodePng } from "../../files/encode_png.ts";
import { emptyRaster, type Raster } from "../../files/raster.ts";
import { resample } from "../../files/resample.ts";
import type { EvaluationData, MistakeData } from "../../pages/report/data.ts";
import { spellName } from "../../reporting/controls.ts";
import { formatCount, formatNumberOf } from "../../reporting/format.ts";
import { isRecord } from "../../schema/record.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
import { classScores } from "../../training/metrics/decisions.ts";
import { formatMetric, lossLast } from "../../training/metrics/metric.ts";
import { type Mistake, Mistakes } from "../../training/mistakes.ts";
import type { EvaluationReport } from "../../training/objectives/objective.ts";
import type { Context } from "../command.ts";
import { objectiveFor } from "../load_data.ts";
import type { ValidationImages } from "../validation_images.ts";

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
    onProgress: (done) =>
      progress.update(() =>
        `evaluated ${formatCount(done)} of ${formatNumberOf(validation.count, "image")}`
      ),
    tally: {
      add(logits, targets) {
        report.add(logits, targets);
        mistakes?.add(logits, targets);
      },
    },
  });
  progress.finish();
  for (const line of validation.complaints?.() ?? []) {
    progress.print(`warning: ${spellName(line)}; replaced by another image of its class`);
  }
  return {
    about: `${path} on ${formatNumberOf(metrics.count, "image")} of ${info.name}, computed by ` +
      backend.description,
    results: lossLast(Object.keys(objective.metrics)).map((name) => {
      const info = objective.metrics[name];
      return [info.title, formatMetric(info, metrics[name])];
    }),
    classNames,
    perClass: perClassOf(report),
    ...confusionOf(report),
    ...calibrationOf(report, network.description.temperature),
    ...(mistakes ? { mistakes: await shownMistakes(mistakes, validation) } : {}),
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

function confusionOf({ confusion }: EvaluationReport): Pick<EvaluationData, "confusion"> {
  if (!confusion) return {};
  const cells = confusion.counts.flatMap((row, label) =>
    row.flatMap((count, predicted) => count === 0 ? [] : [[label, predicted, count] as const])
  );
  return { confusion: cells.sort((a, b) => b[2] - a[2]) };
}

function calibrationOf(
  { calibration, confusion }: EvaluationReport,
  temperature: number | undefined,
): Pick<EvaluationData, "calibration"> {
  if (!calibration) return {};
  return {
    calibration: {
      error: calibration.expectedError(),
      ...(temperature === undefined ? {} : { temperature }),
      what: confusion ? "images" : "probabilities",
      bins: calibration.bins(),
    },
  };
}

async function shownMistakes(
  { count, worst, surest }: Mistakes,
  images: ImageSource,
): Promise<NonNullable<EvaluationData["mistakes"]>> {
  const all = new Map([...worst, ...surest].map((mistake) => [mistake.image, mistake]));
  const shown: MistakeData[] = [];
  for (const mistake of all.values()) shown.push(await mistakeData(mistake, images));
  const places = (list: readonly Mistake[]) =>
    list.map(({ image }) => shown.findIndex((other) => other.image === image));
  return { count, of: images.count, worst: places(worst), surest: places(surest), shown };
}

async function mistakeData(
  { image, labels, predicted, loss, confidence }: Mistake,
  images: ImageSource,
): Promise<MistakeData> {
  const pixels = new Uint8Array(imageSize(images.shape));
  await images.read(image, 0, pixels);
  const picture = thumbnail({ ...images.shape, data: pixels });
  return {
    image,
    labels,
    predicted,
    loss,
    confidence,
    picture: (await encodePng(picture)).toBase64(),
  };
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
