/** Parts of the report that show one run at a time: all show the same one, which can be chosen. */
/// <reference lib="dom" />
import { type Content, element } from "../kit/dom.ts";
import type { RunData } from "./data.ts";

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
    if (!(event instanceof CustomEvent)) return;
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

/** The part says so where a run has nothing for it, and why. */
export function absent({ missing }: RunData, what: string): HTMLElement {
  const reasons = missing.filter((line) => /^no (evaluation|network)/.test(line));
  return element("p", { class: "problem" }, [`There is no ${what}.`, ...reasons].join(" "));
}
