/** How well confidence matches accuracy: the reliability diagram. */
/// <reference lib="dom" />
import { Chart } from "../kit/chart.ts";
import { chartRow, element, facts, remark, section } from "../kit/dom.ts";
import { formatShortShare } from "../kit/numbers.ts";
import { formatCount, formatPercent } from "../../reporting/format.ts";
import type { RunData } from "./data.ts";
import { absent, EVALUATION, ofChosenRun } from "./selection.ts";

/** A note on the error of a network with a temperature. */
const FITTED =
  "The network is calibrated: its logits are divided by a temperature, which calibrate fits on the " +
  "validation images unless told otherwise. On the images used for fitting, the error is likely " +
  "smaller than on new ones.";

/** Diagram and error. */
export function calibration(runs: readonly RunData[]): HTMLElement {
  return section(
    "calibration",
    "Calibration",
    ofChosenRun(runs, (run) => {
      const found = run.evaluation?.calibration;
      if (!run.evaluation) return [absent(run, ...EVALUATION)];
      if (!found) return [element("p", { class: "problem" }, "The objective has no calibration.")];
      const { error, temperature, what, bins } = found;
      const middles = bins.map((_, i) => (i + 0.5) / bins.length);
      const filled = bins.map((bin) => bin.count > 0 ? bin : undefined);
      const x = { label: "confidence", range: [0, 1] as const, format: formatShortShare };
      const isOfImages = what === "images";
      const measured = isOfImages ? "accuracy" : "frequency";
      return [
        facts([
          ["Expected calibration error", formatPercent(error)],
          ...(temperature === undefined ? [] : [["Temperature", temperature.toFixed(4)] as const]),
        ]),
        temperature === undefined ? undefined : remark(FITTED),
        remark(
          `Bars on the diagonal are perfect; below it the network is overconfident. The error is ` +
            `the mean distance of a bar from the mean confidence in it, weighted by ${what}.`,
        ),
        chartRow(
          new Chart({
            title: "Reliability",
            x,
            y: { label: measured, range: [0, 1], format: formatShortShare },
            series: [
              {
                name: measured,
                x: middles,
                y: filled.map((bin) => bin?.accuracy ?? null),
                style: "bars",
              },
              {
                name: "mean confidence",
                x: middles,
                y: filled.map((bin) => bin?.confidence ?? null),
                style: "points",
              },
              { name: "perfect", x: [0, 1], y: [0, 1], isDashed: true, colour: 7 },
            ],
          }).element,
          new Chart({
            title: isOfImages ? "Images by confidence" : "Probabilities by size",
            x,
            y: { label: what, format: formatCount, log: "offered" },
            series: [{ name: what, x: middles, y: bins.map(({ count }) => count), style: "bars" }],
          }).element,
        ),
      ];
    }),
  );
}
