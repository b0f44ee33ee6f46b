/** Requests that a server may send on to another address. */
import { Failure } from "./download_failure.ts";

const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 10;

/**
 * The answer to a request, wherever the server sends it on to within {@link mayFollow}. Throws Failure
 * where it sends it elsewhere or in a circle, and what `fetch` throws.
 */
export async function fetchFollowing(
  url: string,
  init: Pick<RequestInit, "headers" | "signal">,
): Promise<Response> {
  let address = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(address, { ...init, redirect: "manual" });
    const location = response.headers.get("location");
    if (!REDIRECTS.includes(response.status) || location === null) return response;
    await response.body?.cancel();
    const next = URL.parse(location, address);
    if (!next || !mayFollow(address, next)) {
      throw new Failure(
        `redirects to ${next?.href ?? "no address"}; expected the same host or an https address`,
        "permanent",
      );
    }
    address = next;
  }
  throw new Failure(`redirects more than ${MAX_REDIRECTS} times`, "permanent");
}

/**
 * Whether a request may be sent on: to any host that proves who it is, else only within the host that
 * was asked. A server of strangers, or who sits between, could have others asked in this machine's
 * name, such as what only listens to its own network.
 */
function mayFollow(from: URL, to: URL): boolean {
  if (to.protocol === "https:") return true;
  return to.protocol === "http:" && from.protocol === "http:" && to.host === from.host;
}
