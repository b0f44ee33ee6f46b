/** The calls with which a thread computes its share of launches. */
import type { AddressMap } from "./addresses.ts";
import {
  atomic,
  call,
  type Callable,
  type FunctionBuilder,
  i32,
  type Local,
  type Operand,
  type ParameterTypes,
  select,
} from "../../assembler/mod.ts";
import type { ChunkRef, ImageWalk } from "./chains.ts";
import type { Ref } from "./kernel.ts";
import type { StagedLaunch } from "./launch_order.ts";
import { type Share, shareOf } from "./shares.ts";
import { MAX_COUNTED_CHAINS } from "./workers.ts";

/** A function of a program, or of one launch; its parameter is the thread's number. */
export type ProgramFunction = FunctionBuilder<{ readonly thread: "i32" }, "void">;

export interface LaunchContext {
  readonly addresses: AddressMap;
  readonly threads: number;
  kernelOf(launch: StagedLaunch): Callable<ParameterTypes, "void">;
  /** The thread's number, or the parameter that holds it in code for all threads. */
  readonly thread: Local<"i32"> | number;
  /**
   * Address of the counters of the chunks that threads have taken of each chain, under the dynamic
   * partition. Default: none; each thread has its share from the start.
   */
  readonly taken?: number;
}

/**
 * Writes the calls with which a thread computes its share of the launches of a stage. Chains come
 * last: no other launch of their stage needs what they compute.
 */
export function emitLaunches(
  f: ProgramFunction,
  context: LaunchContext,
  launches: readonly StagedLaunch[],
): void {
  for (const launch of launches) if (!launch.walk) emitSingle(f, context, launch);
  const chains = Map.groupBy(
    launches.filter(({ walk }) => walk),
    ({ walk }) => walk!.count,
  );
  [...chains.values()].forEach((chain, i) => emitChain(f, context, chain, chain[0].walk!, i));
}

function emitSingle(f: ProgramFunction, context: LaunchContext, launch: StagedLaunch): void {
  const { thread, threads } = context;
  if (launch.items !== undefined) {
    const share = shareOf(thread, threads, launch.items, launch.grain);
    return emitCall(f, context, launch, share, 1, 0);
  }
  const alone = () => emitCall(f, context, launch, { first: 0, end: 1 }, 1, 0);
  if (typeof thread !== "number") f.if(i32.eqz(thread), alone);
  else if (thread === 0) alone();
}

/** Writes all launches of a chain on one chunk of images, then on the next. */
function emitChain(
  f: ProgramFunction,
  context: LaunchContext,
  launches: readonly StagedLaunch[],
  { count, chunk }: ImageWalk,
  index: number,
): void {
  const { thread, threads, taken } = context;
  const image = f.i32(), chunkEnd = f.i32(), last = f.i32(), isFirstCall = f.i32();
  const take = taken === undefined || index >= MAX_COUNTED_CHAINS
    ? undefined
    : i32.mul(atomic.add(taken + 4 * index, 1), chunk);
  const { first, end } = take ? { first: take, end: count } : shareOf(thread, threads, count, 1);
  f.set(image, first);
  f.set(last, end);
  f.set(isFirstCall, 1);
  f.doWhile(() => {
    // A thread that comes too late for any chunk still initializes its sums.
    if (take) f.set(image, select("i32", i32.ltU(image, last), image, last));
    f.set(chunkEnd, i32.add(image, chunk));
    f.set(chunkEnd, select("i32", i32.ltU(chunkEnd, last), chunkEnd, last));
    for (const launch of launches) {
      const each = (launch.items ?? count) / count;
      const share = { first: i32.mul(image, each), end: i32.mul(chunkEnd, each) };
      emitCall(f, context, launch, share, isFirstCall, image);
    }
    f.set(isFirstCall, 0);
    f.set(image, take ?? chunkEnd);
  }, i32.ltU(image, last));
}

function emitCall(
  f: ProgramFunction,
  { addresses, kernelOf, thread }: LaunchContext,
  launch: StagedLaunch,
  share: Share,
  isFirstCall: Operand<"i32">,
  image: Operand<"i32">,
): void {
  const { kernel, args } = launch;
  /** Where a place begins; for a chunk, where it would if it contained the images from 0 on. */
  const addressOf = (place: Ref | ChunkRef): Operand<"i32"> => {
    if (!("stride" in place)) return addresses.address(place);
    const start = i32.add(addresses.address(place.ref), i32.mul(thread, place.stride));
    return i32.sub(start, i32.mul(image, place.imageBytes));
  };
  const values = args.map((arg) => typeof arg === "number" ? arg : addressOf(arg));
  const named = Object.fromEntries(kernel.parameters.map((name, i) => [name, values[i]]));
  f.emit(call(kernelOf(launch), { ...named, thread, ...share, isFirstCall }));
}
