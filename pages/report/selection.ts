/** Parts of the report that show one run at a time: all show the same one, which can be chosen. */
/// <reference lib="dom" />
import { type Content, element } from "../kit/dom.ts";
import type { Missing, RunData } from "./data.ts";

const CHOSEN = new EventTarget();

/** What `show` makes of the chosen run, below the choice; without one where there is one run alone. */
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
    // A page that shows other runs meanwhile has taken it off.
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

/** What a part says that a run has nothing for: what is missing for it, or else `otherwise`. */
export function absent(
  { missing }: RunData,
  needed: readonly Missing["what"][],
  otherwise: string,
): HTMLElement {
  const reasons = missing.filter(({ what }) => needed.includes(what)).map(lineOf);
  return element("p", { class: "problem" }, reasons.length > 0 ? reasons.join(" ") : otherwise);
}

/** That something is missing, in words. */
export function lineOf({ what, why }: Missing): string {
  return `No ${what}: ${why}`;
}

/** What parts need that show results on images, and why else there are none. */
export const EVALUATION: [needed: Missing["what"][], otherwise: string] = [
  ["evaluation", "network"],
  "It was left out by --no-images.",
];
