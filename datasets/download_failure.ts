/** Why an attempt to download failed. */
import { messageOf } from "../errors.ts";

/** Why an attempt failed, and whether the same source may succeed later. */
export class Failure extends Error {
  constructor(message: string, readonly outlook: "permanent" | "cut" | "passing" = "passing") {
    super(message);
  }
}

/** Too many requests, timeouts and server errors are temporary; other refusals are not. */
export function statusFailure({ status, statusText }: Response): Failure {
  const passing = status >= 500 || status === 408 || status === 425 || status === 429;
  return new Failure(`HTTP ${status} ${statusText}`.trim(), passing ? "passing" : "permanent");
}

/**
 * Explains a request without a response.
 *
 * @param retry whether a host that cannot be reached is tried again
 */
export function unreachable(error: unknown, retry: boolean): Failure {
  if (error instanceof Deno.errors.NotCapable) return new Failure(error.message, "permanent");
  const message = causeOf(error);
  const reason = /dns error/i.test(message)
    ? "the host name cannot be resolved"
    : /refused/i.test(message)
    ? "the connection was refused"
    : message;
  return new Failure(reason, retry ? "passing" : "permanent");
}

/** The message of the innermost cause, the most specific: fetch itself only says that it failed. */
export function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : causeOf(cause);
}
