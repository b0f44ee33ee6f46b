/** The output formats of `overfold predict`. */

import { stringify } from "@std/csv";
import { spellName } from "../reporting/controls.ts";
import { formatPercent, formatTable } from "../reporting/format.ts";

/** A class and its probability. */
export interface NamedProbability {
  readonly name: string;
  /** 0 to 1. */
  readonly probability: number;
}

/** The prediction for an image. */
export interface Prediction {
  readonly image: string;
  /** The listed classes, the most probable first. */
  readonly predictions: readonly NamedProbability[];
  /** The background of its transparent pixels, if it has any. */
  readonly background?: string;
  readonly damage?: string;
}

/** An output format. */
export interface PredictionFormat {
  /** The line before all others, if there is one. */
  readonly heading?: string;
  /** The lines of one image, without a final line end. */
  lines(prediction: Prediction): string;
}

const text: PredictionFormat = {
  lines: ({ image, predictions, damage }) => {
    const title = spellName(damage === undefined ? image : `${image} (${damage})`);
    const rows = predictions.map(({ name, probability }) => [
      `  ${name}`,
      formatPercent(probability),
    ]);
    if (rows.length === 0) return `${title}\n  no class`;
    return `${title}\n${formatTable(rows, ["left", "right"])}`;
  },
};

/** One object per line. */
const json: PredictionFormat = { lines: (prediction) => JSON.stringify(prediction) };

/** One row per image and class; if damaged images are classified, with their damage. */
const csv = (damaged: boolean): PredictionFormat => ({
  heading: `image,rank,class,probability${damaged ? ",damage" : ""}`,
  lines: ({ image, predictions, damage = "" }) => {
    const rows = predictions.map(({ name, probability }, i) => [image, i + 1, name, probability]);
    const lines = (rows.length === 0 ? [[image, "", "", ""]] : rows)
      .map((row) => damaged ? [...row, damage] : row);
    return stringify(lines).replaceAll("\r\n", "\n").trimEnd();
  },
});

/** All formats, by their names in `--format`. `damaged`: whether damaged images are classified. */
export function predictionFormats(damaged: boolean): Readonly<Record<string, PredictionFormat>> {
  return { text, json, csv: csv(damaged) };
}
