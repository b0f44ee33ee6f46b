/** `overfold datasets check`: examines every image of the user's own dataset. */

import { dirname, join, relative, resolve } from "@std/path";
import type { OpenOptions, OpenPictures } from "../datasets/dataset.ts";
import type { ClassReport } from "../datasets/examination/class_tally.ts";
import { type ExaminationReport, examine } from "../datasets/examination/examine.ts";
import type { SkippedFile } from "../datasets/folder/skipped.ts";
import { openPictures } from "../datasets/open.ts";
import { InputError, RunError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { encodePng } from "../files/encode_png.ts";
import { spellName } from "../reporting/controls.ts";
import { formatBytes, formatCount, formatNumberOf, formatTable } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";
import type { Arguments, Context } from "./command.ts";
import { contactSheet, MAX_ROWS, PER_ROW, THUMBNAIL_SIDE } from "./contact_sheet.ts";
import { datasetAt } from "./images_survey.ts";
import { downloadLine, openPicturesOf } from "./load_data.ts";
import { checkOutput } from "./output.ts";
import { readConfig } from "./prepare.ts";

/** Most threads that decode. */
const MAX_WORKERS = 16;
/** Sets of duplicates that are printed. */
const MAX_SETS = 20;
/** Ratio of the largest to the smallest class above which a note is printed. */
const MAX_UNEVEN = 10;

/** `datasets check PATH`. Throws RunError if anything is wrong with the images. */
export async function checkPictures(
  path: string,
  args: Arguments,
  context: Context,
): Promise<void> {
  const { progress } = context;
  const skipped: SkippedFile[] = [];
  const opened = await openedAt(path, args, context, {
    scan: false,
    onProgress: (done) => progress.update(() => downloadLine(done)),
    onSkipped: (file) => skipped.push(file),
    onNotice: (line) => progress.print(line),
  });
  const sheet = await sheetPath(path, args);
  const { classNames, sizes } = opened.info;
  const { train: training, test: validation } = await opened.load();
  const all = sizes.train + sizes.test;
  const report = await examine({ training, validation }, {
    classNames,
    thumbnails: { perClass: sheet === undefined ? 0 : PER_ROW, side: THUMBNAIL_SIDE },
    workers: Math.min(MAX_WORKERS, navigator.hardwareConcurrency),
    onProgress: (done) =>
      progress.update(() => `checked ${formatCount(done)} of ${formatNumberOf(all, "image")}`),
  });
  progress.finish();
  const left = skipped.filter(({ isPicture }) => isPicture);
  printReport(path, report, left, context);
  if (sheet !== undefined) await writeSheet(sheet, report.classes, context);
  const wrong = [
    [report.broken.length, "broken"],
    [left.length, "skipped"],
    [report.duplicates.length, "in several files"],
  ].flatMap(([count, what]) => count ? `${formatCount(Number(count))} ${what}` : []);
  context.emit({
    event: "done",
    path,
    pictures: all,
    bytes: report.bytes,
    transparent: report.transparent,
    broken: report.broken.length,
    skipped: left.length,
    duplicates: report.duplicates.length,
    sheet: sheet ?? null,
  });
  if (wrong.length === 0) context.print("no problems found");
  else throw new RunError(`${spellName(path)}: problems found: ${wrong.join(", ")}`);
}

/** Whether a name is that of a config file. */
export function isConfig(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

/** A folder of classes, a list, or the dataset of a config. */
async function openedAt(
  path: string,
  args: Arguments,
  context: Context,
  options: OpenOptions,
): Promise<OpenPictures> {
  if (!isConfig(path)) return (await openPictures(await datasetAt(path), options))!;
  const file = await readConfig(path, args, context);
  const opened = await openPicturesOf(file, options);
  if (opened) return opened;
  throw new InputError(
    `${path}: its dataset has no image files; expected a dataset of your own images, such as image_folder`,
  );
}

/** Where to write the contact sheet; undefined for none. */
async function sheetPath(path: string, args: Arguments): Promise<string | undefined> {
  const named = args.text("sheet");
  if (named === "none") return undefined;
  const sheet = named ?? join(await placeBeside(path), "contact_sheet.png");
  await checkOutput(sheet, [path], ".png");
  return sheet;
}

/** The working directory, or its parent if that is inside the folder of images. */
async function placeBeside(path: string): Promise<string> {
  const folder = resolve(path);
  const isWithin = !relative(folder, Deno.cwd()).startsWith("..");
  return isWithin && (await Deno.stat(folder)).isDirectory ? dirname(folder) : ".";
}

async function writeSheet(
  path: string,
  classes: readonly ClassReport[],
  context: Context,
): Promise<void> {
  const rows = classes.map(({ name, training, validation, thumbnails }) => ({
    label: `${name} ${training + validation}`,
    pictures: thumbnails,
  }));
  await writeFileAtomic(path, await encodePng(contactSheet(rows)));
  const more = rows.length > MAX_ROWS ? `, of the first ${MAX_ROWS} classes` : "";
  context.print(`contact sheet: ${path}${more}`);
}

function printReport(
  path: string,
  { classes, broken, duplicates, bytes, transparent }: ExaminationReport,
  left: readonly SkippedFile[],
  { print, emit }: Context,
): void {
  const count = sum(classes.map(({ training, validation }) => training + validation));
  print(
    `${path}: ${formatNumberOf(count, "image")} of ${classes.length} classes, ` +
      formatBytes(bytes),
  );
  print(classTable(classes));
  for (const { thumbnails: _, ...found } of classes) emit({ event: "class", ...found });
  list(
    `${formatCount(broken.length)} cannot be read`,
    broken.map(({ path, reason }) => `${path}: ${reason}`),
    print,
  );
  broken.forEach((found) => emit({ event: "broken", ...found }));
  const others = left.map(({ path, what }) => `${path}: ${what}`);
  list(`${formatCount(others.length)} skipped`, others, print);
  left.forEach(({ path, what }) => emit({ event: "skipped", path, what }));
  const sets = duplicates.map(({ paths, isInBothSplits, isInSeveralClasses }) =>
    paths.join(" = ") +
    (isInBothSplits ? "; in training and validation" : "") +
    (isInSeveralClasses ? "; in several classes" : "")
  );
  const more = sets.length - MAX_SETS;
  list(`${formatCount(sets.length)} in several files`, [
    ...sets.slice(0, MAX_SETS),
    ...(more > 0 ? [`and ${formatCount(more)} more, which --json lists`] : []),
  ], print);
  duplicates.forEach((found) => emit({ event: "duplicates", ...found }));
  if (transparent > 0) {
    print(
      `note: ${
        formatCount(transparent)
      } have transparent pixels, which are shown on data.background, ` +
        "white by default",
    );
  }
  const uneven = unevenAmong(classes);
  if (!uneven) return;
  const { most, fewest } = uneven;
  print(
    `note: uneven: ${spellName(most.name)} has ${formatCount(most.training)} training images, ` +
      `${spellName(fewest.name)} ${formatCount(fewest.training)}`,
  );
  emit({
    event: "uneven",
    most: { name: most.name, training: most.training },
    fewest: { name: fewest.name, training: fewest.training },
  });
}

function list(heading: string, lines: readonly string[], print: Context["print"]): void {
  if (lines.length > 0) print(`${heading}:\n  ${lines.map(spellName).join("\n  ")}`);
}

function classTable(classes: readonly ClassReport[]): string {
  const right = new Array(6).fill("right" as const);
  return formatTable([
    ["class", "training", "validation", "broken", "smallest", "median", "largest"],
    ...classes.map(({ name, training, validation, broken, sizes }) => [
      name,
      formatCount(training),
      formatCount(validation),
      formatCount(broken),
      // Width first, as is usual for photographs.
      ...[sizes?.smallest, sizes?.median, sizes?.largest]
        .map((size) => size ? `${size[1]} × ${size[0]}` : ""),
    ]),
  ], ["left", ...right]);
}

/** The classes with the most and the fewest images, if their numbers differ widely. */
function unevenAmong(classes: readonly ClassReport[]) {
  const sorted = classes.toSorted((a, b) => b.training - a.training);
  const [most, fewest] = [sorted[0], sorted[sorted.length - 1]];
  return most.training >= MAX_UNEVEN * fewest.training ? { most, fewest } : undefined;
}
