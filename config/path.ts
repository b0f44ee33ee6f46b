/** Paths and addresses in a config. */
import { z } from "../schema/entry.ts";

/** A path; `~` is the user's home folder, resolved where the path is used. */
export const path = z.string().min(1).refine((text) => !/^~[^/\\]/.test(text), {
  error:
    "of ~ only ~/ is looked up, your own folder; write another person's out, or ./~ for a name",
});

/** The address of a server. */
export const address = z.url({
  protocol: /^https?$/,
  error: "expected an http or https address",
});
