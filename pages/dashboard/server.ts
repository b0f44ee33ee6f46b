/** The page's requests to its server. */
/// <reference lib="dom" />
import type { CheckpointData, LogPart, RunChanges } from "./data.ts";

const token = new URLSearchParams(location.search).get("token") ?? "";

async function ask<T>(path: string, parameters: Readonly<Record<string, string | number>>) {
  const query = new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [name, String(value)]),
  );
  const response = await fetch(`${path}?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(await response.text());
  return await response.json() as T;
}

/** Changes since the answer of this version. */
export const askForChanges = (since: number) => ask<RunChanges>("/runs", { since });

/** A run's log from these positions. */
export const askForLog = (
  run: string,
  edition: number,
  from: { metrics: number; timing: number },
) => ask<LogPart>("/log", { run, edition, ...from });

/** Data of a run's checkpoint. */
export const askForCheckpoint = (run: string) => ask<CheckpointData>("/checkpoint", { run });
