/** The script of a dashboard: polls its server for news, and shows it. */
/// <reference lib="dom" />
import { element, section } from "../kit/dom.ts";
import { pageData, showPage } from "../kit/layout.ts";
import { formatNumberOf } from "../../reporting/format.ts";
import { configs } from "../report/config.ts";
import { groupsOf } from "../report/groups.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { DashboardData, RunSummary } from "./data.ts";
import { FollowedRun } from "./followed_run.ts";
import { LiveCurves } from "./live_curves.ts";
import { RunTable } from "./run_table.ts";
import { askForChanges } from "./server.ts";

/**
 * Waiting time after an update, as a multiple of the time it took. The browser may share its cores with
 * the training, which must not lose a hundredth of its time.
 */
const PAUSE = { least: 1000, times: 300, most: 30_000 };

const { reportCall } = pageData<DashboardData>();
const chosen = new Set(new URLSearchParams(location.search).getAll("run"));
let isChosen = chosen.size > 0;
const runs = new Map<string, RunSummary>();
const followed = new Map<string, FollowedRun>();
let version = 0;
/** The runs shown below the table, with their editions. */
let below = "";
let wake = () => {};
let isHurried = false;

const state = element("span", { role: "status" }, "Reading the runs …");
const table = new RunTable({ chosen, choose });
const curves = new LiveCurves();
let config = section("config", "Config");
const checkpoints = new Checkpoints(reportCall);
showPage(undefined, [table.element, curves.element, config, checkpoints.element]);
document.querySelector("header")?.append(element("p", { class: "lead" }, state));
// A hidden tab polls for nothing; when shown again, it updates at once.
const comeBack = () => {
  isHurried ||= !document.hidden;
  wake();
};
document.addEventListener("visibilitychange", comeBack);
addEventListener("focus", comeBack);
while (true) await update();

/** Shows these runs below the table, and in the address, so that it can be bookmarked. */
function choose(names: readonly string[]): void {
  chosen.clear();
  names.forEach((name) => chosen.add(name));
  isChosen = true;
  const address = new URL(location.href);
  address.searchParams.delete("run");
  names.forEach((name) => address.searchParams.append("run", name));
  history.replaceState(null, "", address);
  table.tick();
  isHurried = true;
  wake();
}

async function update(): Promise<void> {
  const start = performance.now();
  try {
    const changes = await askForChanges(version);
    const isFirst = version === 0;
    version = changes.version;
    changes.changed.forEach((run) => runs.set(run.name, run));
    const shown = changes.names.flatMap((name) => runs.get(name) ?? []);
    if (isFirst || changes.changed.length > 0 || shown.length !== runs.size) {
      for (const name of runs.keys()) if (!changes.names.includes(name)) runs.delete(name);
      table.show(shown);
    }
    // At first, show the runs in progress.
    if (!isChosen && shown.length > 0) choose(firstOf(shown));
    await showChosen();
    const running = shown.filter(({ status }) => status === "running").length;
    showState(`${formatNumberOf(shown.length, "run")}, ${running} running`);
    if (!changes.isComplete) return;
  } catch (error) {
    const why = error instanceof TypeError ? "the server has stopped" : (error as Error).message;
    showState(`Not up to date: ${why}`);
  }
  await new Promise<void>((resolve) => {
    wake = () => (isHurried || !document.hidden) && resolve();
    if (isHurried) resolve();
    const pause = PAUSE.times * (performance.now() - start);
    setTimeout(() => wake(), Math.min(Math.max(PAUSE.least, pause), PAUSE.most));
  });
  isHurried = false;
}

function firstOf(shown: readonly RunSummary[]): string[] {
  const running = shown.filter(({ status }) => status === "running");
  return (running.length > 0 ? running : shown.slice(0, 1)).slice(0, 4).map(({ name }) => name);
}

function showState(text: string): void {
  if (state.textContent !== text) state.textContent = text;
}

/** Shows the selected runs, and updates those that were shown before. */
async function showChosen(): Promise<void> {
  const summaries = [...chosen].flatMap((name) => runs.get(name) ?? []);
  const grown = await Promise.all(summaries.map((run) => {
    const log = followed.get(run.name) ?? new FollowedRun(run.name);
    followed.set(run.name, log);
    return log.follow(run);
  }));
  const editions = JSON.stringify(summaries.map(({ name, edition }) => [name, edition]));
  const isNew = editions !== below;
  below = editions;
  if (!isNew && !grown.includes(true)) return;
  const data = summaries.map((run) => followed.get(run.name)!.data(run));
  curves.show(groupsOf(data));
  if (!isNew) return;
  const now = data.length > 0
    ? configs(data)
    : section("config", "Config", "Select a run in the table.");
  config.replaceWith(now);
  config = now;
  checkpoints.offer(data);
}
