/** The images with the worst mistakes of the network. */
/// <reference lib="dom" />
import { choice, element, section } from "../kit/dom.ts";
import { formatNumber } from "../kit/numbers.ts";
import { formatCount, formatPercent } from "../../reporting/format.ts";
import type { EvaluationData, MistakeData, RunData } from "./data.ts";
import { absent, EVALUATION, ofChosenRun } from "./selection.ts";

/** The worst mistakes, or the most confident ones. */
export function mistakes(runs: readonly RunData[]): HTMLElement {
  return section(
    "mistakes",
    "Mistakes",
    ofChosenRun(runs, (run) => {
      const { evaluation } = run;
      if (!evaluation) return [absent(run, ...EVALUATION)];
      if (!evaluation.mistakes) {
        return [
          element("p", { class: "problem" }, "The objective does not define mistakes."),
        ];
      }
      const { count, of, worst, surest, shown } = evaluation.mistakes;
      const list = element("ul", { class: "mistakes" });
      const show = (places: readonly number[]) =>
        list.replaceChildren(...places.map((place) => mistake(shown[place], evaluation)));
      show(worst);
      const order = choice(
        "Show",
        ["the largest loss", "the highest confidence"],
        (index) => show([worst, surest][index]),
      );
      return [
        element(
          "p",
          {},
          `${formatCount(count)} of ${formatCount(of)} images are wrong, ` +
            `${formatPercent(count / of)}.`,
        ),
        order,
        list,
      ];
    }),
  );
}

function mistake(
  { image, labels, predicted, loss, confidence, picture }: MistakeData,
  { classNames }: EvaluationData,
): HTMLElement {
  const names = (classes: readonly number[]) =>
    classes.map((c) => classNames[c]).join(", ") || "nothing";
  return element(
    "li",
    {},
    element("img", {
      src: `data:image/png;base64,${picture}`,
      alt: `Image ${image}: ${names(labels)} predicted as ${names(predicted)}`,
    }),
    element("span", { class: "is" }, names(labels)),
    element("span", { class: "taken" }, `predicted as ${names(predicted)}`),
    element(
      "span",
      { class: "note" },
      `confidence ${formatPercent(confidence)}, loss ${formatNumber(loss, 3)}, image ${image}`,
    ),
  );
}
