/** A page's data and its layout: sections, and the table of contents next to or above them. */
/// <reference lib="dom" />
import { type Content, element } from "./dom.ts";

/** The data that the page was created with. */
export function pageData<T>(): T {
  return JSON.parse(document.getElementById("data")?.textContent ?? "null");
}

/** Fills the page. The table of contents lists sections by their headings. */
export function showPage(lead: Content, sections: readonly HTMLElement[]): void {
  if (lead) document.querySelector("header")?.append(element("p", { class: "lead" }, lead));
  const links = sections.map((section) =>
    element(
      "li",
      {},
      element("a", { href: `#${section.id}` }, section.querySelector("h2")?.textContent ?? ""),
    )
  );
  const contents = element(
    "nav",
    { class: "contents", "aria-label": "Contents" },
    element("ol", {}, ...links),
  );
  const main = document.getElementById("main");
  main?.before(contents);
  main?.replaceChildren(...sections);
  // The browser looked for it before it existed.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}
