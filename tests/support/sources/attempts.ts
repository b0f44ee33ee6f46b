/** What needs a permission of Deno's, each done in earnest. */

/** What it is done to. */
export interface Places {
  /** A folder of pictures with a file `picture` in it, and another such folder. */
  readonly inside: string;
  readonly outside: string;
  /** Where a server of this machine listens that answers HTTP. */
  readonly port: number;
}

/** By what they are; only the first needs no more than reading what is inside. */
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

/** What came of each: `done`, `refused` by Deno, or the error that there was. */
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
