/** The data of a page. */
/// <reference lib="dom" />

/** The data that the page was created with. */
export function pageData<T>(): T {
  return JSON.parse(document.getElementById("data")?.textContent ?? "null");
}
