/** Ties a zod object to a plain TypeScript interface, so that the two cannot drift apart. */

import type { z } from "../schema/entry.ts";

/**
 * The fields a zod object needs to describe `T`: every key of it, no other, each with a value of
 * the interface's type. Use as `z.strictObject({ … } satisfies Shape<T>)`.
 */
export type Shape<T> = { [K in keyof T]-?: z.ZodType<T[K]> };
