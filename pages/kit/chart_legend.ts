/** The legend of a chart: names, values at the cursor, and buttons that hide lines. */
/// <reference lib="dom" />
import type { Series } from "./chart_options.ts";
import type { PictureEntry } from "./chart_picture.ts";
import { button, element } from "./dom.ts";

/** Number of colors, classes `series-0` …; further series reuse them, dashed. */
const COLOURS = 8;

const DASHES = [undefined, [6, 4], [2, 3], [10, 3, 2, 3]];

/** A legend. */
export class Legend {
  readonly element = element("ul", { class: "legend" });
  readonly #hidden = new Set<string>();
  #values: HTMLElement[] = [];
  #swatches: HTMLElement[] = [];

  /** @param show is called with the index of a series to show or hide */
  constructor(private readonly show: (place: number, isShown: boolean) => void) {}

  /** Lists these series; names that are hidden stay hidden. */
  fill(series: readonly Series[]): void {
    this.#values = series.map(() => element("span", { class: "value" }));
    this.#swatches = series.map((one, i) => {
      const { colour = i, style = "line" } = one;
      const form = style === "line" && dashOf(one, i) ? "dashed" : style;
      return element("span", { class: `swatch series-${colour % COLOURS} ${form}` });
    });
    this.element.replaceChildren(...series.map(({ name }, i) => {
      const toggle = button("", (button) => {
        const isShown = this.#hidden.delete(name);
        if (!isShown) this.#hidden.add(name);
        button.setAttribute("aria-pressed", String(isShown));
        this.show(i, isShown);
      }, { "aria-pressed": String(this.isShown(name)) });
      toggle.append(this.#swatches[i], name, " ", this.#values[i]);
      return element("li", {}, toggle);
    }));
  }

  isShown(name: string): boolean {
    return !this.#hidden.has(name);
  }

  /** The shown series, for an image. */
  entries(series: readonly Series[]): PictureEntry[] {
    return series.flatMap((one, i) => {
      const { name, style = "line" } = one;
      const dash = style === "line" ? dashOf(one, i) ?? [] : undefined;
      return this.isShown(name) ? [{ name, colour: this.colour(i), dash }] : [];
    });
  }

  /** Shows the value of each series. */
  say(values: readonly string[]): void {
    this.#values.forEach((element, i) => element.textContent = values[i]);
  }

  /** The canvas color of a series, in the present light or dark mode. */
  colour(place: number, opacity = 1): string {
    const { color } = getComputedStyle(this.#swatches[place]);
    return color.replace("rgb(", "rgba(").replace(")", `, ${opacity})`);
  }
}

/** The dash pattern of a series. */
export function dashOf({ isDashed, colour }: Series, i: number): number[] | undefined {
  return DASHES[(Math.floor((colour ?? i) / COLOURS) * 2 + Number(isDashed ?? false)) % 4];
}
