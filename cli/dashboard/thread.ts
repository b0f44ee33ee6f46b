/** The thread of a dashboard that is served next to a training. */
/// <reference lib="webworker" />

import { UserError } from "../../errors.ts";
import { serveDashboard } from "./server.ts";

/** Its reply once it serves, or cannot. */
export type Reply = { readonly url: string } | {
  readonly problem: string;
  readonly exitCode: number;
};

self.onmessage = ({ data }) => {
  let reply: Reply;
  try {
    reply = { url: serveDashboard(data).url };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    reply = { problem: error.message, exitCode: error.exitCode };
  }
  self.postMessage(reply);
};
