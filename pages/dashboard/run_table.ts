/** The table of all runs: selects those shown below, with any config keys as columns. */
/// <reference lib="dom" />
import { button, element, section } from "../kit/dom.ts";
import { formatNumber, formatOf } from "../kit/numbers.ts";
import { type Column, DataTable } from "../kit/table.ts";
import { differingKeys } from "../report/groups.ts";
import type { RunSummary } from "./data.ts";

/** Config keys that are columns by default, if the runs differ in them. */
const MAX_KEYS = 4;

/** Initial rows, so that the curves are not far below. */
const MAX_ROWS = 12;

/** Keys in which runs differ without effect on the training. */
const PLACES = ["name", "output"];

interface RunTableOptions {
  /** The runs shown below. */
  readonly chosen: ReadonlySet<string>;
  choose(names: readonly string[]): void;
}

/** The table. */
export class RunTable {
  readonly element: HTMLElement;
  readonly #options: RunTableOptions;
  readonly #table: DataTable<RunSummary>;
  readonly #key = element("select");
  readonly #problems = element("div");
  /** Columns added and removed by the user. */
  readonly #added = new Set<string>();
  readonly #boxes = new Map<string, HTMLInputElement>();
  #runs: readonly RunSummary[] = [];

  constructor(options: RunTableOptions) {
    this.#options = options;
    this.#table = new DataTable<RunSummary>({
      caption: "Runs; selected runs are shown below",
      columns: [],
      rows: [],
      isSearched: true,
      most: MAX_ROWS,
      key: ({ name }) => name,
      text: searched,
    });
    this.#key.addEventListener("change", () => {
      if (this.#key.value === "") return;
      this.#added.add(this.#key.value);
      this.#key.value = "";
      this.show(this.#runs);
    });
    this.element = section(
      "runs",
      "Runs",
      element(
        "div",
        { class: "runs-controls" },
        element("label", { class: "choice" }, "Add a column", this.#key),
        button("Show none", () => options.choose([])),
      ),
      this.#table.element,
      this.#problems,
    );
  }

  show(runs: readonly RunSummary[]): void {
    this.#runs = runs;
    const keys = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))].sort();
    if (this.#key.options.length !== keys.length + 1) {
      this.#key.replaceChildren(
        ...["", ...keys].map((key) => element("option", { value: key }, key || "config key")),
      );
    }
    this.#table.show(runs, this.#columns());
    this.#problems.replaceChildren(
      ...runs.flatMap(({ name, problem }) =>
        problem === undefined ? [] : [element("p", { class: "problem" }, `${name}: ${problem}`)]
      ),
    );
  }

  /** Checks the boxes of the runs that are shown. */
  tick(): void {
    for (const [name, box] of this.#boxes) box.checked = this.#options.chosen.has(name);
  }

  #columns(): Column<RunSummary>[] {
    const runs = this.#runs;
    const differing = differingKeys(runs).filter((key) => !PLACES.includes(key));
    const keys = [...new Set([...differing.slice(0, MAX_KEYS), ...this.#added])];
    const monitors = new Map(
      runs.flatMap(({ monitor, metrics }) =>
        metrics[monitor] ? [[monitor, metrics[monitor]] as const] : []
      ),
    );
    return [
      { title: "run", value: ({ name }) => name, show: (run) => this.#choice(run) },
      { title: "status", value: ({ status }) => status },
      { title: "epoch", value: ({ epoch }) => epoch },
      { title: "of", value: ({ epochs }) => epochs },
      ...[...monitors].map(([name, metric]): Column<RunSummary> => ({
        title: `best ${metric.title}`,
        value: ({ best, monitor }) => monitor === name ? best?.values[name] ?? null : null,
        format: formatOf(metric),
      })),
      { title: "step", value: ({ step }) => step },
      { title: "loss", value: ({ loss }) => loss, format: (loss) => formatNumber(loss) },
      ...keys.map((key): Column<RunSummary> => ({
        title: key,
        value: ({ config }) => valueOf(config[key]),
        format: String,
      })),
      {
        title: "logged",
        value: ({ logged }) => logged,
        format: (time) => new Date(time).toLocaleString(),
      },
    ];
  }

  #choice({ name }: RunSummary): HTMLElement {
    const { chosen, choose } = this.#options;
    const box = element("input", { type: "checkbox", "aria-label": `Show ${name}` });
    box.checked = chosen.has(name);
    box.addEventListener("change", () => {
      choose(box.checked ? [...chosen, name] : [...chosen].filter((other) => other !== name));
    });
    this.#boxes.set(name, box);
    const alone = button(name, () => choose([name]), { title: "Show only this run" });
    return element("span", { class: "run" }, box, alone);
  }
}

/** Numbers are sorted numerically. */
function valueOf(value: string | undefined): number | string | null {
  if (value === undefined) return null;
  return value !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
}

/** `name status key=value …` */
function searched({ name, status, config }: RunSummary): string {
  return [name, status, ...Object.entries(config).map(([key, value]) => `${key}=${value}`)]
    .join(" ");
}
