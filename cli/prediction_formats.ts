/** The forms in which `overfold predict` writes its results. */

import { stringify } from "@std/csv";
import { spellName } from "../reporting/controls.ts";
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
  /** What its transparent pixels lie on, if it has any. */
  readonly background?: string;
  /** What is wrong with its file, if anything is. */
  readonly damage?: string;
}

/** A form of results. */
export interface PredictionFormat {
  /** The line before all others, if there is one. */
  readonly heading?: string;
  /** The lines of one picture, without the last line's end. */
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

/** An object a line. */
const json: PredictionFormat = { lines: (prediction) => JSON.stringify(prediction) };

/** A row for each class of each picture; where damaged pictures are classified, with their damage. */
const csv = (damaged: boolean): PredictionFormat => ({
  heading: `image,rank,class,probability${damaged ? ",damage" : ""}`,
  lines: ({ image, predictions, damage = "" }) => {
    const rows = predictions.map(({ name, probability }, i) => [image, i + 1, name, probability]);
    const told = (rows.length === 0 ? [[image, "", "", ""]] : rows)
      .map((row) => damaged ? [...row, damage] : row);
    return stringify(told).replaceAll("\r\n", "\n").trimEnd();
  },
});

/** All forms, by the name that `--format` takes. `damaged`: whether damaged pictures are classified. */
export function predictionFormats(damaged: boolean): Readonly<Record<string, PredictionFormat>> {
  return { text, json, csv: csv(damaged) };
}
