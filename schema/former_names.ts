/** Names of the library and the command line that have changed: the old ones still work. */

const warned = new Set<string>();

/** Warns, the first time only, that `former` is now called `present`. */
export function warnRenamed(former: string, present: string): void {
  if (warned.has(former)) return;
  warned.add(former);
  console.warn(`warning: ${former} is now called ${present}; the old name still works`);
}
