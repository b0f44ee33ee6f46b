/** Things that need a Deno permission, actually attempted. */

/** Where they are attempted. */
export interface Places {
  /** A folder of images with a file `picture`, and another such folder. */
  readonly inside: string;
  readonly outside: string;
  /** The port of an HTTP server on this machine. */
  readonly port: number;
}

/** Attempts by description; only the first needs just to read `inside`. */
export const ATTEMPTS: Readonly<Record<string, (places: Places) => unknown>> = {
  "read a picture": ({ inside }) => Deno.readFile(`${inside}/picture`),
  "read another file": ({ outside }) => Deno.readFile(`${outside}/picture`),
  "list another folder": ({ outside }) => Deno.readDirSync(outside),
  "write beside the pictures": ({ inside }) => Deno.writeTextFile(`${inside}/written`, ""),
  "write elsewhere": ({ outside }) => Deno.writeTextFile(`${outside}/written`, ""),
  "remove a picture": ({ inside }) => Deno.remove(`${inside}/spare`),
  "connect": async ({ port }) => (await Deno.connect({ hostname: "127.0.0.1", port })).close(),
  "fetch": async ({ port }) => await (await fetch(`http://127.0.0.1:${port}/`)).text(),
  "listen": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  "start a program": () => new Deno.Command(Deno.build.os === "windows" ? "cmd" : "true").output(),
  "read the environment": () => Deno.env.get("HOME"),
  "reach memory": () => Deno.UnsafePointer.of(new Uint8Array(1)),
};

/** The outcome of each: `done`, `refused` by Deno, or another error. */
export async function attempted(places: Places): Promise<string[]> {
  const outcomes: string[] = [];
  for (const attempt of Object.values(ATTEMPTS)) {
    try {
      await attempt(places);
      outcomes.push("done");
    } catch (error) {
      outcomes.push(error instanceof Deno.errors.NotCapable ? "refused" : String(error));
    }
  }
  return outcomes;
}
