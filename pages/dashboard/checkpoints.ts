/** Data from the checkpoints of runs: read on request only, since it takes the machine a moment. */
/// <reference lib="dom" />
import { button, commandLine, element, section } from "../kit/dom.ts";
import type { RunData } from "../report/data.ts";
import { network } from "../report/network.ts";
import { environment } from "../report/overview.ts";
import { lineOf } from "../report/selection.ts";
import { askForCheckpoint } from "./server.ts";

/** The section. */
export class Checkpoints {
  readonly element: HTMLElement;
  readonly #place = element("div", { class: "of-run" });
  #runs: readonly RunData[] = [];

  constructor(private readonly reportCall: string) {
    this.element = section("checkpoints", "Networks, environment and files", this.#place);
  }

  /** Offers to read the checkpoints of these runs. */
  offer(runs: readonly RunData[]): void {
    this.#runs = runs;
    if (runs.length === 0) return this.#place.replaceChildren("Select a run in the table.");
    const command = `${this.reportCall} ${
      runs.map(({ folder }) => folder).join(" ")
    } --output report.html`;
    const read = button("Read the best checkpoints", async (read) => {
      read.disabled = true;
      read.textContent = "Reading …";
      await this.#read();
    });
    this.#place.replaceChildren(
      element(
        "p",
        {},
        "Kernels, layers, sizes and the environment are in the checkpoints. ",
        read,
      ),
      element("p", {}, "Classes, confusions, calibration and mistakes are in a report:"),
      commandLine(command),
    );
  }

  async #read(): Promise<void> {
    const asked = this.#runs;
    try {
      const runs = await Promise.all(
        asked.map(async (run) => ({ ...run, ...await askForCheckpoint(run.name) })),
      );
      if (asked !== this.#runs) return;
      const missing = runs.flatMap(({ name, missing }) =>
        missing.map((line) => element("p", { class: "problem" }, `${name}: ${lineOf(line)}`))
      );
      this.#place.replaceChildren(
        button("Back", () => this.offer(asked)),
        ...missing,
        network(runs),
        environment(runs),
      );
    } catch (error) {
      const problem = element("p", { class: "problem" }, (error as Error).message);
      if (asked === this.#runs) this.#place.append(problem);
    }
  }
}
