/** `overfold doctor`: checks what this machine offers, and how to fix what is missing. */

import { join } from "node:path";
import { type CpuFeatures, cpuFeatures, describeForm, selectForm } from "../backends/registry.ts";
import { EXIT, UserError } from "../errors.ts";
import { cacheFolder } from "../files/cache.ts";
import { refusalOf } from "../files/refusal.ts";
import { formatBytes, formatTable } from "../reporting/format.ts";
import type { Check } from "./check.ts";
import type { Command } from "./command.ts";
import { cachedFolder, knownDatasets } from "./datasets.ts";
import { gpuChecks } from "./doctor_gpu.ts";
import { mpiCheck } from "./doctor_mpi.ts";

/** The version all tests run on, and the oldest one that has every API in use. */
const TESTED_DENO = "2.9.6";
const OLDEST_DENO = "2.9.0";

export const command: Command = {
  details: "Exits with code 1 if training cannot work on this machine.",
  async run(_args, context) {
    const checks: Check[] = [
      denoCheck(Deno.version.deno),
      { name: "CPU cores", status: "ok", found: String(navigator.hardwareConcurrency) },
      ...cpuChecks(),
      ...await gpuChecks(),
      await mpiCheck(),
      await cacheCheck(),
    ];
    for (const check of checks) context.emit({ ...check });
    context.print(formatTable(checks.map(({ status, name, found }) => [status, name, found])));
    const advice = checks.filter((check) => check.advice !== undefined);
    if (advice.length > 0) context.print("\nWhat to do:");
    for (const check of advice) context.print(`- ${check.name}: ${check.advice}`);
    return checks.some(({ status }) => status === "fail") ? EXIT.failure : EXIT.success;
  },
};

/** Whether a version of Deno is new enough. */
export function denoCheck(version: string): Check {
  const found = { name: "Deno", found: `${version}, tested with ${TESTED_DENO}` };
  if (version.localeCompare(OLDEST_DENO, "en", { numeric: true }) < 0) {
    return {
      ...found,
      status: "fail",
      advice: `Overfold needs ${OLDEST_DENO} or newer: run \`deno upgrade\`, or use \`npx -y ` +
        `deno@${TESTED_DENO}\` instead of \`deno\``,
    };
  }
  return { ...found, status: "ok" };
}

/** What the engine and the processor offer the CPU backend, and the form in which its kernels run. */
export function cpuChecks(features: CpuFeatures = cpuFeatures()): Check[] {
  const { simd, relaxedSimd, threads, native: { processor, level, missing } } = features;
  const form = describeForm(selectForm(undefined, {}, features));
  const newerDeno = `use Deno ${TESTED_DENO} on a 64-bit x86 or Arm processor`;
  const kernels: Check = {
    name: "CPU kernels",
    status: "ok",
    found: level === undefined
      ? `${form}; no native code: ${missing}`
      : `${form}, in tasks that train or measure; WebAssembly in other tasks`,
  };
  return [
    ...(processor === undefined ? [] : [{ ...kernels, name: "processor", found: processor }]),
    featureCheck("SIMD", simd, "fail", newerDeno),
    featureCheck("threads", threads, "fail", newerDeno),
    featureCheck("relaxed SIMD (fused multiply-add)", relaxedSimd, "warn", newerDeno),
    kernels,
  ];
}

/** Where the cache is and which datasets it contains. */
async function cacheCheck(): Promise<Check> {
  const name = "cache";
  let folder: string;
  try {
    folder = cacheFolder();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { name, status: "fail", found: "no usable folder", advice: error.message };
  }
  const datasets: string[] = [];
  let size: string;
  try {
    for (const dataset of await knownDatasets()) {
      if (await cachedFolder(dataset) !== null) datasets.push(dataset.info.name);
    }
    size = formatBytes(await folderBytes(folder));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    const advice = "set the environment variable OVERFOLD_CACHE to another folder";
    return { name, status: "fail", found: `${folder}: ${refusal}`, advice };
  }
  const found = `${folder} (${size}): ${datasets.join(", ") || "no datasets yet"}`;
  const advice = datasets.length > 0
    ? undefined
    : "a training downloads what it needs; `overfold datasets download NAME` does so in advance";
  return { name, status: "ok", found, advice };
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory) bytes += await folderBytes(path);
      else if (entry.isFile) bytes += (await Deno.stat(path)).size;
    }
  } catch (error) {
    // The folder is created when first needed, and another process may be changing it now.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}

function featureCheck(
  name: string,
  present: boolean,
  otherwise: Check["status"],
  advice: string,
): Check {
  return present
    ? { name, status: "ok", found: "yes" }
    : { name, status: otherwise, found: "no", advice };
}
