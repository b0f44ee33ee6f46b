/** The pictures that the network is most mistaken about. */
/// <reference lib="dom" />
import { choice, element, section } from "../kit/dom.ts";
import { formatNumber, formatShare } from "../kit/numbers.ts";
import { formatCount } from "../../reporting/format.ts";
import type { EvaluationData, MistakeData, RunData } from "./data.ts";
import { absent, EVALUATION, ofChosenRun } from "./selection.ts";

/** The worst mistakes, or those that the network was surest of. */
export function mistakes(runs: readonly RunData[]): HTMLElement {
  return section(
    "mistakes",
    "Mistakes",
    ofChosenRun(runs, (run) => {
      const { evaluation } = run;
      if (!evaluation) return [absent(run, ...EVALUATION)];
      if (!evaluation.mistakes) {
        return [
          element("p", { class: "problem" }, "The objective does not say what a mistake is."),
        ];
      }
      const { count, of, worst, surest, shown } = evaluation.mistakes;
      const list = element("ul", { class: "mistakes" });
      const show = (places: readonly number[]) =>
        list.replaceChildren(...places.map((place) => mistake(shown[place], evaluation)));
      show(worst);
      const order = choice(
        "Show",
        ["the worst: those of the largest loss", "those that the network was surest of"],
        (index) => show([worst, surest][index]),
      );
      return [
        element(
          "p",
          {},
          `${formatCount(count)} of ${formatCount(of)} images are mistaken, ` +
            `${formatShare(count / of)}.`,
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
      alt: `Image ${image}: ${names(labels)} taken for ${names(predicted)}`,
    }),
    element("span", { class: "is" }, names(labels)),
    element("span", { class: "taken" }, `taken for ${names(predicted)}`),
    element(
      "span",
      { class: "note" },
      `${formatShare(confidence)} sure, loss ${formatNumber(loss, 3)}, image ${image}`,
    ),
  );
}
