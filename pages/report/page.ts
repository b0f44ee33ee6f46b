/** The script of a report. */
/// <reference lib="dom" />

import { pageData, showPage } from "../kit/layout.ts";
import { calibration } from "./calibration.ts";
import { classes } from "./classes.ts";
import { configs } from "./config.ts";
import { curves } from "./curves.ts";
import type { ReportData } from "./data.ts";
import { groupsOf } from "./groups.ts";
import { mistakes } from "./mistakes.ts";
import { network } from "./network.ts";
import { environment, overview } from "./overview.ts";

const { written, runs } = pageData<ReportData>();
const groups = groupsOf(runs);
const isEvaluated = runs.some(({ evaluation }) => evaluation);
const time = `${written.time.slice(0, 16).replace("T", " ")} UTC`;
showPage(`Written ${time} by ${written.by}`, [
  overview(runs, groups),
  curves(groups),
  configs(runs),
  classes(runs),
  ...(isEvaluated ? [calibration(runs), mistakes(runs)] : []),
  network(runs),
  environment(runs),
]);
