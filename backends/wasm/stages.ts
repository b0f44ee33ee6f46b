/**
 * Stages: the launches between two barriers, known as a parallel region. Launches of one stage touch
 * different memory, only read what they share, or share images of which each thread has its own, so
 * threads need not be in the same launch. With fewer barriers, threads wait less often for one that
 * the system has interrupted.
 */
import { placesOverlap } from "../placement.ts";
import type { MemoryBuffer, Ref } from "./kernel.ts";

/** Memory that a launch touches. */
export interface Access {
  readonly ref: Ref;
  readonly writes: boolean;
  /** Number of images in the memory, if each thread touches only its own. */
  readonly images?: number;
}

/**
 * How many stages before the latest one a launch may move to. This lets small launches with few
 * dependencies, such as the composition of kernels, join larger ones; farther back they would only
 * keep memory alive longer. Bench: `deno task bench examples/cifar10.yaml`.
 */
const LOOK_BACK = 6;

/**
 * A stage for each launch. A launch that must wait for another thread's share of an earlier one is
 * in a later stage than that one. The numbers are contiguous from 0.
 */
export function assignStages(launches: readonly (readonly Access[])[]): number[] {
  const history = new Map<MemoryBuffer, (Access & { readonly stage: number })[]>();
  let latest = 0;
  return launches.map((accesses) => {
    let stage = Math.max(0, latest - LOOK_BACK);
    for (const access of accesses) {
      for (const earlier of history.get(access.ref.buffer) ?? []) {
        if (!conflict(access, earlier)) continue;
        stage = Math.max(stage, earlier.stage + (sameThread(access, earlier) ? 0 : 1));
      }
    }
    latest = Math.max(latest, stage);
    for (const access of accesses) {
      const known = history.get(access.ref.buffer) ?? [];
      if (known.push({ ...access, stage }) === 1) history.set(access.ref.buffer, known);
    }
    return stage;
  });
}

/** Whether the memory that two accesses share is touched by the same thread. */
function sameThread(a: Access, b: Access): boolean {
  return a.images !== undefined && a.images === b.images && a.ref.offset === b.ref.offset &&
    a.ref.bytes === b.ref.bytes;
}

/** Whether the order of two accesses matters. */
function conflict(a: Access, b: Access): boolean {
  return (a.writes || b.writes) && placesOverlap(a.ref, b.ref);
}
