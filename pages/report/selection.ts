/** Sections that show one run at a time: all show the same selected run. */
/// <reference lib="dom" />
import { type Content, element } from "../kit/dom.ts";
import type { Missing, RunData } from "./data.ts";

const CHOSEN = new EventTarget();

/** Renders the selected run with `show`, below the selection if there are several runs. */
export function ofChosenRun(
  runs: readonly RunData[],
  show: (run: RunData) => readonly Content[],
): HTMLElement {
  const place = element("div", { class: "of-run" });
  const fill = (index: number) =>
    place.replaceChildren(...show(runs[index]).filter((content) => content !== undefined));
  fill(0);
  if (runs.length === 1) return place;
  const select = element(
    "select",
    {},
    ...runs.map(({ name }, i) => element("option", { value: i }, name)),
  );
  select.addEventListener(
    "change",
    () => CHOSEN.dispatchEvent(new CustomEvent("run", { detail: select.selectedIndex })),
  );
  CHOSEN.addEventListener("run", (event) => {
    // A page that shows other runs meanwhile has removed it.
    if (!(event instanceof CustomEvent) || !place.isConnected) return;
    select.selectedIndex = event.detail;
    fill(event.detail);
  });
  return element(
    "div",
    { class: "chosen" },
    element("label", { class: "choice" }, "Run", select),
    place,
  );
}

/** Why a section has nothing to show for a run: what is missing, or else `otherwise`. */
export function absent(
  { missing }: RunData,
  needed: readonly Missing["what"][],
  otherwise: string,
): HTMLElement {
  const reasons = missing.filter(({ what }) => needed.includes(what)).map(lineOf);
  return element("p", { class: "problem" }, reasons.length > 0 ? reasons.join(" ") : otherwise);
}

/** A sentence about something missing. */
export function lineOf({ what, why }: Missing): string {
  return `No ${what}: ${why}`;
}

/** What sections with results on images require, and the other reason for their absence. */
export const EVALUATION: [needed: Missing["what"][], otherwise: string] = [
  ["evaluation", "network"],
  "Omitted by --no-images.",
];
