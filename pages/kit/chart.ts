/**
 * Charts: lines, points or bars, with bands around them, by uPlot. The mouse or the arrow keys move a
 * cursor, and the legend shows the values there; dragging or `+` and `-` zoom, Escape shows all. Below
 * are a table of the numbers and download buttons.
 */
/// <reference lib="dom" />
import uPlot from "uplot";
import { type Drawn, followAppearance, onWhite } from "./appearance.ts";
import { downloads, numbersTable } from "./chart_numbers.ts";
import type { Axis, ChartOptions, Series } from "./chart_options.ts";
import { aroundBars, drawnAxes } from "./chart_axes.ts";
import { dashOf, Legend } from "./chart_legend.ts";
import { chartPicture } from "./chart_picture.ts";
import { button, element, remark } from "./dom.ts";
import { formatNumber } from "./numbers.ts";
import { smoothed } from "./smoothing.ts";

const HEIGHT = 260;

/** Most points of a line that are marked. */
const FEW = 30;

/** uPlot series per series: itself, and the bounds of its band. */
const EACH = 3;

/** A figure with a chart. */
export class Chart implements Drawn {
  readonly element: HTMLElement;
  readonly #options: Omit<ChartOptions, "series">;
  readonly #place: HTMLElement;
  readonly #legend = new Legend((i, isShown) => {
    for (let k = 1; k <= EACH; k++) this.#plot?.setSeries(EACH * i + k, { show: isShown });
  });
  readonly #spoken = element("p", { class: "unseen", role: "status" });
  readonly #numbers = element("div", { class: "numbers" });
  #series: readonly Series[];
  #plot: uPlot | undefined;
  #isLog: boolean;
  #smoothing = 0;

  constructor({ series, ...options }: ChartOptions) {
    this.#options = options;
    this.#series = series;
    this.#isLog = options.y.log === "on";
    const { title, note } = options;
    this.#place = element("div", {
      class: "plot",
      tabindex: 0,
      role: "img",
      "aria-label": `${title}: ${options.y.label} by ${options.x.label}. ` +
        "Arrow keys move along it, plus and minus zoom, Escape shows all. Its numbers are below.",
    });
    this.#place.addEventListener("keydown", (event) => this.#key(event));
    this.element = element(
      "figure",
      { class: "chart" },
      element("figcaption", {}, element("strong", {}, title), this.#controls()),
      this.#place,
      this.#legend.element,
      this.#spoken,
      note === undefined ? undefined : remark(note),
      this.#numbers,
    );
    followAppearance(this.element, this);
    // When it is shown: before, it has no size and no colors.
    new ResizeObserver(([{ contentRect: { width } }]) => width > 0 && this.resize(width))
      .observe(this.#place);
    this.#numbers.append(
      downloads(options, () => this.#series, () => this.#picture()),
      numbersTable(options, () => this.#series),
    );
    this.#legend.fill(series);
  }

  /**
   * Shows other series instead. If the same lines have only grown, the user's zoom is kept.
   */
  show(series: readonly Series[]): void {
    const isSame = formOf(series) === formOf(this.#series);
    this.#series = series;
    if (!isSame) {
      this.#legend.fill(series);
      this.#rebuild();
    } else if (this.#plot) {
      const { min, max } = this.#plot.scales.x;
      const [xs] = this.#plot.data;
      this.#plot.setData(this.#data(), min === xs[0] && max === xs[xs.length - 1]);
      this.#plot.redraw();
      this.#showValues(this.#plot.cursor.idx);
    }
  }

  redraw(): void {
    this.#plot?.redraw(false);
  }

  resize(width = this.#place.clientWidth): void {
    if (!this.#plot) this.#build(width);
    else if (this.#plot.width !== width) this.#plot.setSize({ width, height: HEIGHT });
  }

  /** The shown content as an image on white. */
  async #picture(): Promise<HTMLCanvasElement | undefined> {
    const plot = this.#plot;
    if (!plot) return undefined;
    return await onWhite(this, () =>
      chartPicture(
        plot.ctx.canvas,
        plot.width,
        this.#options.title,
        this.#legend.entries(this.#series),
      ));
  }

  #rebuild(): void {
    if (!this.#plot) return;
    const { width } = this.#plot;
    this.#plot.destroy();
    this.#build(width);
  }

  #build(width: number): void {
    const { x, y, sync } = this.#options;
    const range = (axis: Axis) => axis.range ? { range: [...axis.range] as [number, number] } : {};
    const bars = this.#series.find(({ style }) => style === "bars");
    this.#plot = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: {
          drag: { x: true, y: false },
          points: { size: 7 },
          ...(sync === undefined ? {} : { sync: { key: sync, setSeries: false } }),
        },
        scales: {
          x: { time: false, ...range(bars && !x.range ? { ...x, range: aroundBars(bars) } : x) },
          y: this.#isLog ? { distr: 3 } : range(y),
        },
        axes: drawnAxes(x, y, this.#place),
        series: [{}, ...this.#series.flatMap((series, i) => this.#drawn(series, i))],
        bands: this.#series.flatMap(({ band }, i) =>
          band
            ? [{ series: [EACH * i + 3, EACH * i + 2], fill: () => this.#legend.colour(i, 0.2) }]
            : []
        ),
        hooks: { setCursor: [(plot) => this.#showValues(plot.cursor.idx)] },
      },
      this.#data(),
      this.#place,
    );
    this.#showValues(undefined);
  }

  /** A series and the bounds of its band for uPlot. */
  #drawn(series: Series, i: number): uPlot.Series[] {
    const { style = "line", name } = series;
    const show = this.#legend.isShown(name);
    const bound = { show, stroke: "transparent", width: 0, points: { show: false } };
    const few = series.x.length <= FEW;
    return [
      {
        show,
        label: name,
        spanGaps: true,
        stroke: () => this.#legend.colour(i),
        width: style === "points" ? 0 : style === "bars" ? 1 : 2,
        dash: dashOf(series, i),
        ...(style === "bars"
          ? {
            paths: uPlot.paths.bars!({ size: [0.8, 60] }),
            fill: () => this.#legend.colour(i, 0.45),
          }
          : {}),
        points: {
          show: style === "points" || style === "line" && few,
          size: style === "points" ? 8 : 5,
          fill: () => this.#legend.colour(i),
        },
      },
      bound,
      bound,
    ];
  }

  /** All series on common values of x, as uPlot expects them. */
  #data(): uPlot.AlignedData {
    const clean = (values: readonly (number | null)[]) =>
      values.map((value) =>
        value === null || !Number.isFinite(value) || this.#isLog && value <= 0 ? null : value
      );
    const tables = this.#series.map(({ x, y, band }) => {
      const none = x.map(() => null);
      return [
        [...x],
        smoothed(clean(y), this.#smoothing),
        band ? clean(band.low) : none,
        band ? clean(band.high) : none,
      ] as uPlot.AlignedData;
    });
    return tables.length === 0 ? [[]] : uPlot.join(tables);
  }

  #controls(): HTMLElement {
    const { y: { log }, isSmoothed } = this.#options;
    const controls = element("span", { class: "controls" });
    if (isSmoothed) {
      const slider = element("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: 0 });
      slider.addEventListener("input", () => {
        this.#smoothing = slider.valueAsNumber;
        this.#plot?.setData(this.#data(), false);
      });
      controls.append(element("label", {}, "Smoothing ", slider));
    }
    if (log !== undefined) {
      controls.append(button("Log scale", (button) => {
        this.#isLog = !this.#isLog;
        button.setAttribute("aria-pressed", String(this.#isLog));
        this.#rebuild();
      }, { "aria-pressed": String(this.#isLog) }));
    }
    return controls;
  }

  /** Shows the values at a position, or the last of each series. */
  #showValues(index: number | null | undefined): string {
    const data = this.#plot?.data ?? [[]];
    const { x, y } = this.#options;
    const at = index ?? undefined;
    const values = this.#series.map((_, i) => {
      if (at === undefined && !this.#options.saysLast) return "";
      const row = data[EACH * i + 1] ?? [];
      // If some of several series have no value here, show the previous one.
      let place = at ?? row.length - 1;
      while (place > 0 && typeof row[place] !== "number") place--;
      const value = row[place];
      return typeof value === "number" ? (y.format ?? formatNumber)(value) : "–";
    });
    this.#legend.say(values);
    if (at === undefined) return "";
    const where = `${x.label} ${(x.format ?? formatNumber)(data[0][at] as number)}`;
    return [where, ...this.#series.map(({ name }, i) => `${name} ${values[i]}`)].join(", ");
  }

  #key(event: KeyboardEvent): void {
    const plot = this.#plot;
    if (!plot || event.ctrlKey || event.altKey || event.metaKey) return;
    const last = plot.data[0].length - 1;
    const at = plot.cursor.idx ?? -1;
    const places: Readonly<Record<string, number>> = {
      ArrowRight: Math.min(at + 1, last),
      ArrowLeft: at < 0 ? last : Math.max(at - 1, 0),
      Home: 0,
      End: last,
    };
    if (event.key in places) this.#moveTo(places[event.key]);
    else if (event.key === "Escape") this.#zoom(0);
    else if (event.key === "+" || event.key === "=") this.#zoom(0.5);
    else if (event.key === "-") this.#zoom(2);
    else return;
    event.preventDefault();
  }

  #moveTo(index: number): void {
    const plot = this.#plot!;
    const x = plot.data[0][index] as number;
    plot.setCursor({ left: plot.valToPos(x, "x"), top: plot.over.clientHeight / 2 });
    this.#spoken.textContent = this.#showValues(index);
  }

  /** Shows a range `factor` times as wide around the cursor; with 0 everything. */
  #zoom(factor: number): void {
    const plot = this.#plot!;
    const { min = 0, max = 1 } = plot.scales.x;
    const [xs] = plot.data;
    const [first, last] = [xs[0] as number, xs[xs.length - 1] as number];
    const middle = xs[plot.cursor.idx ?? -1] as number | undefined ?? (min + max) / 2;
    const half = factor * (max - min) / 2;
    const isAll = factor === 0 || 2 * half >= last - first;
    plot.setScale("x", {
      min: isAll ? first : Math.max(first, middle - half),
      max: isAll ? last : Math.min(last, middle + half),
    });
  }
}

/** What a plot is built for; everything else is data. */
function formOf(series: readonly Series[]): string {
  return JSON.stringify(series.map(({ name, band, style, colour, isDashed, x }) => [
    ...[name, band !== undefined, style, colour, isDashed, x.length <= FEW, x.length < 2],
  ]));
}
