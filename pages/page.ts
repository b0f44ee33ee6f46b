/**
 * A page as one HTML file: data, script and style are inside, and its Content-Security-Policy lets it
 * load nothing else. It needs no server.
 *
 * To make a page of another kind, add a folder here:
 * - `data.ts`, a type of plain JSON: all that the page shows;
 * - `page.ts`, its script. It takes the data by `pageData<Data>()` (`kit/data.ts`), builds elements by
 *   `element` and `section` (`kit/dom.ts`), `Chart` (`kit/chart.ts`, options in `kit/chart_options.ts`), `dataTable` (`kit/table.ts`) and
 *   hands sections to `showPage` (`kit/layout.ts`), which adds the contents at the side;
 * - styles of its own, if it needs any;
 * - a line in {@link PAGES}. A command then has the page by `pageHtml({ title, page: "NAME", data })`.
 *
 * The kit cares for light and dark, print, narrow screens and the keyboard. Colours are the variables
 * of `palette.css` and `kit/kit.css`. Styles are set by classes or `element.style`, as attributes of
 * HTML text the policy forbids them.
 */
import { escape } from "@std/html";
import chartStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { spellName } from "../reporting/controls.ts";
import { bundleScripts } from "./bundle.ts";
import dashboardStyle from "./dashboard/dashboard.css" with { type: "text" };
import kitStyle from "./kit/kit.css" with { type: "text" };
import palette from "./palette.css" with { type: "text" };
import reportStyle from "./report/report.css" with { type: "text" };

/** What a kind of page has of its own. */
interface PageSource {
  /** Its script, in TypeScript. */
  readonly script: URL;
  /** Its styles beside the kit's. */
  readonly style?: string;
}

/** The pages by name. */
export const PAGES = {
  compare: { script: new URL("./compare/page.ts", import.meta.url) },
  dashboard: {
    script: new URL("./dashboard/page.ts", import.meta.url),
    style: reportStyle + dashboardStyle,
  },
  report: { script: new URL("./report/page.ts", import.meta.url), style: reportStyle },
} satisfies Record<string, PageSource>;

/** What a page is made of. */
interface PageParts {
  /** Its heading and the title of its window. */
  readonly title: string;
  /** What kind of page it is. */
  readonly page: keyof typeof PAGES | PageSource;
  /** What the script shows: plain JSON. NaN and infinities become null in it. */
  readonly data: unknown;
  /** Whether the script may ask the server that the page comes from for more. Default false. */
  readonly isServed?: boolean;
}

/** The page as the text of its file. Throws RunError if its script cannot be bundled. */
export async function pageHtml({ title, page, data, isServed }: PageParts): Promise<string> {
  const { script, style: own = "" }: PageSource = typeof page === "string" ? PAGES[page] : page;
  const [bytes] = Object.values(await bundleScripts([script]));
  // Only inside of strings.
  const code = new TextDecoder().decode(bytes).replaceAll("</script", "<\\/script");
  const style = [palette, chartStyle, kitStyle, own].join("\n");
  const policy = [
    "default-src 'none'",
    `script-src ${await hashOf(code)}`,
    `style-src ${await hashOf(style)}`,
    "img-src data: blob:",
    ...(isServed ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ];
  const heading = escape(spellName(title));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join("; ")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${heading}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the contents</a>
<header><h1>${heading}</h1></header>
<main id="main" tabindex="-1"></main>
<noscript><p>This page needs JavaScript.</p></noscript>
<script type="application/json" id="data">${
    JSON.stringify(data).replaceAll("<", "\\u003c")
  }</script>
<script type="module">${code}</script>
</body>
</html>
`;
}

/** What a policy knows a script or a style by. */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${new Uint8Array(digest).toBase64()}'`;
}
