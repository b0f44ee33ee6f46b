/** Curves that grow while they are shown. */
/// <reference lib="dom" />
import { Chart } from "../kit/chart.ts";
import type { ChartOptions } from "../kit/chart_options.ts";
import { element, section } from "../kit/dom.ts";
import { bandsNote, chartsOf } from "../report/curves.ts";
import type { RunGroup } from "../report/groups.ts";

/** The section. */
export class LiveCurves {
  readonly element: HTMLElement;
  readonly #note = element("div");
  readonly #place = element("div", { class: "charts" });
  readonly #charts = new Map<string, Chart>();
  /** Pending data of charts outside the window: drawing them would slow down the training. */
  readonly #waiting = new Map<Element, () => void>();
  readonly #seen = new Set<Element>();
  readonly #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) this.#seen.delete(target);
      else {
        this.#seen.add(target);
        this.#draw(target);
      }
    }
  });

  constructor() {
    this.element = section("curves", "Curves", this.#note, this.#place);
  }

  show(groups: readonly RunGroup[]): void {
    const charts = chartsOf(groups);
    const none = groups.length === 0
      ? "Select a run in the table."
      : "Nothing has been logged yet.";
    this.#note.replaceChildren(
      charts.length === 0 ? element("p", { class: "problem" }, none) : bandsNote(charts) ?? "",
    );
    const shown = charts.map((options) => this.#chart(options));
    for (const [key, chart] of this.#charts) {
      if (shown.includes(chart)) continue;
      this.#charts.delete(key);
      this.#observer.unobserve(chart.element);
      this.#seen.delete(chart.element);
      this.#waiting.delete(chart.element);
    }
    const elements = shown.map(({ element }) => element);
    if (
      elements.some((element, i) => element !== this.#place.children[i]) ||
      elements.length !== this.#place.children.length
    ) {
      this.#place.replaceChildren(...elements);
    }
  }

  #chart(options: ChartOptions): Chart {
    const { title, note, series } = options;
    const key = JSON.stringify([title, note]);
    const known = this.#charts.get(key);
    if (!known) {
      const chart = new Chart(options);
      this.#charts.set(key, chart);
      this.#observer.observe(chart.element);
      return chart;
    }
    this.#waiting.set(known.element, () => known.show(series));
    if (this.#seen.has(known.element)) this.#draw(known.element);
    return known;
  }

  #draw(figure: Element): void {
    this.#waiting.get(figure)?.();
    this.#waiting.delete(figure);
  }
}
