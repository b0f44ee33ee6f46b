/** Requests that follow a server's redirects. */
import { Failure } from "./download_failure.ts";

const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 10;

/**
 * The response to a request, after redirects allowed by {@link mayFollow}. Throws Failure for other or
 * circular redirects, and `fetch`'s errors.
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
 * Whether a redirect may be followed: to any host that is authenticated, otherwise only within the
 * requested host. An untrusted server, or an attacker in between, could otherwise make this machine send
 * requests to others, such as services in its own network.
 */
function mayFollow(from: URL, to: URL): boolean {
  if (to.protocol === "https:") return true;
  return to.protocol === "http:" && from.protocol === "http:" && to.host === from.host;
}
