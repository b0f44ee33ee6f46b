/** Names in the order in which Python, and with it torchvision, sorts them. */

/** Text in the order of its code points. */
export function byCodePoint(a: string, b: string): number {
  const [one, two] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const [x, y] = [one.next(), two.next()];
    if (x.done || y.done) return Number(y.done ?? false) - Number(x.done ?? false);
    const difference = x.value.codePointAt(0)! - y.value.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
}

/** Sorts names in place. */
export function sortNames(names: string[]): string[] {
  // JavaScript sorts by UTF-16 units, many times as fast: the same order below the surrogates.
  return names.sort(names.some((name) => /[\ud800-\uffff]/.test(name)) ? byCodePoint : undefined);
}
