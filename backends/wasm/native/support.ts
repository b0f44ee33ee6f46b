/** Whether native code runs in this process, or why not. */
import { messageOf } from "../../../errors.ts";
import { guardedMemory, isGuarded } from "./memory.ts";
import { missingHere } from "./linux.ts";
import { type NativeLevel, type Processor, thisProcessor } from "./processor.ts";

/** Native code of a level, or why there is none. */
export interface NativeSupport {
  /** What it may use; undefined if it cannot run. */
  readonly level?: NativeLevel;
  /** The processor's name, if known. */
  readonly processor?: string;
  /** Why it cannot run, as the end of a sentence about native code. */
  readonly missing?: string;
}

/** What this process supports. */
export function detectNativeSupport(): NativeSupport {
  const missing = missingHere();
  if (missing !== undefined) return { missing };
  let processor: Processor;
  try {
    processor = thisProcessor();
  } catch (error) {
    return { missing: messageOf(error) };
  }
  const { name, level } = processor;
  if (level === undefined) {
    return { processor: name, missing: "it needs a processor with AVX2 and fused multiply-adds" };
  }
  if (!hasGuardedMemory()) {
    return {
      processor: name,
      missing: "the engine reserves no addresses after the programs' memory",
    };
  }
  return { processor: name, level };
}

function hasGuardedMemory(): boolean {
  try {
    return isGuarded(guardedMemory(1, true));
  } catch (error) {
    // The system limits the addresses of a process (ulimit -v).
    if (error instanceof RangeError) return false;
    throw error;
  }
}
