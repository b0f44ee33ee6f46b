/** The forms in which `overfold predict` writes its results. */

import { stringify } from "@std/csv";
import { formatPercent, formatTable } from "../reporting/format.ts";

/** A class and how likely it is. */
export interface NamedProbability {
  readonly name: string;
  /** 0 to 1. */
  readonly probability: number;
}

/** What a picture shows. */
export interface Prediction {
  /** Path of the picture. */
  readonly image: string;
  /** The classes that are named, the most probable first. */
  readonly predictions: readonly NamedProbability[];
}

/** A form of results. */
export interface PredictionFormat {
  /** The line before all others, if there is one. */
  readonly heading?: string;
  /** The lines of one picture, without the last line's end. */
  lines(prediction: Prediction): string;
}

const text: PredictionFormat = {
  lines: ({ image, predictions }) => {
    const rows = predictions.map(({ name, probability }) => [
      `  ${name}`,
      formatPercent(probability),
    ]);
    if (rows.length === 0) return `${image}\n  no class`;
    return `${image}\n${formatTable(rows, ["left", "right"])}`;
  },
};

/** An object a line. */
const json: PredictionFormat = { lines: (prediction) => JSON.stringify(prediction) };

/** A row for each class of each picture. */
const csv: PredictionFormat = {
  heading: "image,rank,class,probability",
  lines: ({ image, predictions }) =>
    predictions.length === 0
      ? stringify([[image, "", "", ""]]).trimEnd()
      : stringify(predictions.map(({ name, probability }, i) => [image, i + 1, name, probability]))
        .replaceAll("\r\n", "\n").trimEnd(),
};

/** All forms, by the name that `--format` takes. */
export const PREDICTION_FORMATS: Readonly<Record<string, PredictionFormat>> = { text, json, csv };
